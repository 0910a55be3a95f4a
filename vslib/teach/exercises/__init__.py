"""The exercises of code that check themselves, chapter by chapter."""

from vslib.teach.exercises import (
    convolutions,
    four_subspaces,
    inversion,
    invertible,
    networks_as_matrices,
    projections,
    reproduction,
    svd_of_weights,
    synthesis,
    whole_network,
    your_network,
)

__all__ = ["CHAPTERS", "EXERCISES"]

CHAPTERS = {
    "networks-as-matrices": networks_as_matrices.EXERCISES,
    "four-subspaces": four_subspaces.EXERCISES,
    "projections": projections.EXERCISES,
    "svd-of-weights": svd_of_weights.EXERCISES,
    "convolutions": convolutions.EXERCISES,
    "inversion": inversion.EXERCISES,
    "synthesis": synthesis.EXERCISES,
    "whole-network": whole_network.EXERCISES,
    "invertible": invertible.EXERCISES,
    "your-network": your_network.EXERCISES,
    "reproduction": reproduction.EXERCISES,
}
EXERCISES = {each.name: each for chapter in CHAPTERS.values() for each in chapter}
