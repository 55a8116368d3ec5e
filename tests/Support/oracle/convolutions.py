"""Golden numbers for convolutions and pooling, from PyTorch in double precision.

    python3 tests/Support/oracle/convolutions.py > tests/Kernels.Tests/Golden/convolutions.json

Each case holds the sizes, the operands, dy, and what PyTorch makes of them: y and the gradients of sum(y * dy).
"""
import json
import torch
import torch.nn.functional as F

torch.manual_seed(1)
torch.set_default_dtype(torch.float64)


def numbers(tensor):
    return [float(f"{v:.17g}") for v in tensor.detach().flatten().tolist()]


def operand(*shape):
    # Two digits, so that the file stays small and float holds what double holds to its own precision.
    return (torch.randn(*shape) * 100).round().div(100).requires_grad_()


def case(op, attributes, inputs, forward):
    y = forward(*inputs)
    dy = operand(*y.shape)
    gradients = torch.autograd.grad((y * dy).sum(), inputs)
    return {
        "op": op, **attributes,
        "inputs": [{"shape": list(i.shape), "values": numbers(i)} for i in inputs],
        "dy": numbers(dy), "y": {"shape": list(y.shape), "values": numbers(y)},
        "gradients": [numbers(g) for g in gradients],
    }


def conv(x, w, bias=True, stride=(1, 1), padding=(0, 0), dilation=(1, 1), groups=1):
    inputs = [operand(*x), operand(*w)] + ([operand(w[0])] if bias else [])
    return case("conv2d", {"stride": stride, "padding": padding, "dilation": dilation, "groups": groups}, inputs,
                lambda x, w, b=None: F.conv2d(x, w, b, stride, padding, dilation, groups))


def transposed(x, w, bias=True, stride=(1, 1), padding=(0, 0), output_padding=(0, 0), dilation=(1, 1), groups=1):
    inputs = [operand(*x), operand(*w)] + ([operand(w[1] * groups)] if bias else [])
    return case("conv_transpose2d",
                {"stride": stride, "padding": padding, "output_padding": output_padding, "dilation": dilation, "groups": groups}, inputs,
                lambda x, w, b=None: F.conv_transpose2d(x, w, b, stride, padding, output_padding, groups, dilation))


def pool(op, x, kernel, stride, padding, forward, **attributes):
    return case(op, {"kernel": kernel, "stride": stride, "padding": padding, **attributes}, [operand(*x)], forward)


def max_pool(x, kernel, stride, padding):
    return pool("max_pool2d", x, kernel, stride, padding, lambda x: F.max_pool2d(x, kernel, stride, padding))


def average_pool(x, kernel, stride, padding, count):
    return pool("avg_pool2d", x, kernel, stride, padding,
                lambda x: F.avg_pool2d(x, kernel, stride, padding, False, count), count_padding=count)


cases = [
    conv((2, 3, 5, 6), (4, 3, 3, 3), padding=(1, 1)),
    conv((2, 2, 7, 5), (3, 2, 3, 2), stride=(2, 1), padding=(1, 0), bias=False),
    conv((1, 4, 6, 6), (6, 2, 2, 3), stride=(2, 2), padding=(1, 2), dilation=(2, 1), groups=2),
    conv((2, 3, 5, 5), (6, 1, 3, 3), padding=(1, 1), groups=3),
    conv((2, 2, 1, 9), (3, 2, 1, 4), stride=(1, 2), padding=(0, 3)),
    transposed((2, 3, 3, 4), (3, 2, 3, 3), stride=(2, 2), padding=(1, 1), output_padding=(1, 1)),
    transposed((1, 4, 3, 3), (4, 2, 2, 3), stride=(1, 3), padding=(0, 1), output_padding=(0, 2), dilation=(2, 1), groups=2),
    max_pool((2, 2, 6, 7), (2, 2), (2, 2), (0, 0)),
    max_pool((1, 2, 7, 7), (3, 3), (2, 2), (1, 1)),
    average_pool((1, 2, 7, 6), (3, 2), (2, 2), (1, 1), True),
    average_pool((1, 2, 7, 6), (3, 2), (2, 2), (1, 1), False),
]
print("[\n" + ",\n".join(json.dumps(c, separators=(",", ":")) for c in cases) + "\n]")
