"""
Writes tests/Kernels.Tests/Golden/*.json: numbers in double from PyTorch, or from a published formula in NumPy where
PyTorch has none, that the reference device must reproduce. Needs torch >= 1.12; the tests themselves need only the files.

    python3 tests/Support/oracle/golden.py
"""
import activations
import labelmaps
import losses
import normalization
import optimizers
import resampling
import tensors

for family in (activations, labelmaps, losses, normalization, optimizers, resampling, tensors):
    family.run()
