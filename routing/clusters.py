"""Skills for questions that nobody labelled: clusters of their embeddings.

After Avengers (Zhang et al. 2025), which found k-means clusters to serve as well as named skills.
"""

import math

import numpy as np

from routing.encoder import Vectors
from routing.threads import one_thread

MOST = 64


def cluster_names(vectors: Vectors, seed: int = 0) -> list[str]:
    """A cluster's name for each row. Roughly the square root of the rows, so that each cluster
    holds enough outcomes to say something."""
    from sklearn.cluster import KMeans

    distinct = len(np.unique(vectors, axis=0))
    count = min(MOST, distinct, math.isqrt(len(vectors)))
    if count < 2:
        return ["cluster 0"] * len(vectors)
    with one_thread():  # several threads add in the order they finish: other bits each time
        labels = KMeans(count, n_init=1, random_state=seed).fit_predict(np.asarray(vectors))
    return [f"cluster {label}" for label in labels]
