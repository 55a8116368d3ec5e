"""Golden numbers of images made larger or smaller."""
import numpy as np
import torch.nn.functional as F

from common import case, draw, write


def to(size, mode):
    return lambda x: F.interpolate(x, size, mode=mode, **({} if mode == "nearest" else {"align_corners": False}))


def run():
    rng = np.random.default_rng(6)
    x = draw(rng, 2, 2, 3, 4)
    write("resampling", [
        case("nearest 2", lambda x: F.interpolate(x, scale_factor=2, mode="nearest"), [x]),
        case("nearest to 5 by 6", to((5, 6), "nearest"), [x]),
        case("bilinear 2", lambda x: F.interpolate(x, scale_factor=2, mode="bilinear", align_corners=False), [x]),
        case("bilinear 3 by 1", lambda x: F.interpolate(x, scale_factor=(3, 1), mode="bilinear", align_corners=False), [x]),
        case("bilinear to 7 by 9", to((7, 9), "bilinear"), [x]),
        case("bilinear to 2 by 3", to((2, 3), "bilinear"), [x]),
        case("bilinear of a pixel", to((3, 2), "bilinear"), [draw(rng, 1, 2, 1, 1)]),
    ])
