# Quantile ranges by NumPy: a JSON list of columns in, for each a matrix of the other values and their places in the ranges out.
import json
import sys

import numpy as np

results = []
for job in json.load(open(sys.argv[1])):
    different, other = np.unique(job["train"]), np.array(job["test"])
    edges = np.unique(np.quantile(different, np.linspace(0, 1, min(job["bins"], len(different) - 1) + 1)))
    places = [np.interp(other, edges[i : i + 2], [0, 1]) for i in range(len(edges) - 1)]
    results.append(np.stack([other, *places], 1).tolist())
print(json.dumps(results))
