#!/usr/bin/python3
"""Checks ONNX models with ONNX's own library: `onnx_check.py FOLDER`. A line for each that is wrong, then how many are right."""
import pathlib
import sys

import onnx

right = 0
for path in sorted(pathlib.Path(sys.argv[1]).glob("*.onnx")):
    model = onnx.load(str(path))
    try:
        onnx.checker.check_model(model, full_check=True)
        # Its own inference comes to the shapes that the model states; the batch stays open.
        stated = {o.name: o.type for o in model.graph.output}
        bare = onnx.ModelProto()
        bare.CopyFrom(model)
        for o in bare.graph.output:
            o.type.tensor_type.ClearField("shape")
        for o in onnx.shape_inference.infer_shapes(bare, strict_mode=True, data_prop=True).graph.output:
            found, wanted = o.type.tensor_type.shape.dim, stated[o.name].tensor_type.shape.dim
            sizes = [d.dim_value for d in found], [d.dim_value for d in wanted]
            if sizes[0] != sizes[1] or found[0].HasField("dim_value"):
                raise ValueError(f"{o.name} has shape {sizes[0]}, stated is {sizes[1]}")
        right += 1
    except Exception as e:
        print(f"{path.name}: {' '.join(str(e).split())}")
print(f"{right} models are right")
