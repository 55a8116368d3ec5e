# Imputation, scaling and one-hot columns by scikit-learn: a JSON list of jobs in, a list of matrices out.
import json
import sys

import numpy as np
from sklearn.impute import SimpleImputer
from sklearn.preprocessing import OneHotEncoder, StandardScaler

results = []
for job in json.load(open(sys.argv[1])):
    train = np.array(job["train"], dtype=float)
    test = np.array(job["test"], dtype=float)
    imputer = SimpleImputer(strategy=job["strategy"], add_indicator=job["indicator"], fill_value=job.get("fill"))
    filled = imputer.fit_transform(train)
    numbers = train.shape[1]
    scaler = StandardScaler().fit(filled[:, :numbers])
    other = imputer.transform(test)
    encoder = OneHotEncoder(handle_unknown="ignore").fit(np.array(job["categories"]).reshape(-1, 1))
    onehot = encoder.transform(np.array(job["others"]).reshape(-1, 1)).toarray()
    results.append(np.hstack([scaler.transform(other[:, :numbers]), other[:, numbers:], onehot]).tolist())
print(json.dumps(results))
