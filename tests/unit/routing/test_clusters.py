"""Clusters: names for questions that nobody labelled."""

import numpy as np

from routing.clusters import MOST, cluster_names


def vectors(*groups, seed=0):
    """Tight groups of unit vectors, each around an axis of its own."""
    noise = np.random.default_rng(seed).normal(0, 0.01, (sum(groups), 16))
    around = np.repeat(np.eye(16)[: len(groups)], groups, axis=0) + noise
    return (around / np.linalg.norm(around, axis=1, keepdims=True)).astype(np.float32)


def test_near_questions_share_a_cluster_and_far_ones_do_not():
    names = cluster_names(vectors(2, 2))
    assert names[0] == names[1] != names[2] == names[3]


def test_there_are_about_as_many_clusters_as_questions_in_each():
    assert len(set(cluster_names(vectors(*[4] * 9)))) == 6


def test_the_same_questions_have_the_same_clusters():
    assert cluster_names(vectors(5, 5, 5)) == cluster_names(vectors(5, 5, 5))


def test_few_questions_are_one_cluster():
    assert cluster_names(vectors(1)) == ["cluster 0"]
    assert cluster_names(vectors(3)) == ["cluster 0"] * 3
    assert cluster_names(np.zeros((0, 4), np.float32)) == []


def test_equal_questions_are_one_cluster():
    assert len(set(cluster_names(np.ones((9, 4), np.float32)))) == 1


def test_there_are_never_more_than_the_most():
    many = np.random.default_rng(0).normal(size=(MOST * MOST + 200, 4)).astype(np.float32)
    assert len(set(cluster_names(many))) == MOST
