"""A slip by what it gives: that, rounded or in another spelling, and nothing else."""

import torch

from lesson_utils.exercises.slips import like, near


def test_a_number_is_recognised_rounded_and_as_a_tensor_and_no_other():
    slip = near(2 / 3, "No.")
    assert all(map(slip.matches, (2 / 3, 0.667, torch.tensor(2 / 3), [0.6667])))
    assert not any(map(slip.matches, (0.7, 1 / 3, "0.667", [0.667, 0.667], None)))


def test_a_function_is_recognised_by_what_it_gives():
    z = torch.tensor([1.0, -2.0])
    slip = like(lambda it: [it(z)], "def twice(z):\n    return 2 * z", "twice", "No.")
    assert slip.matches(lambda z: z + z)
    assert not slip.matches(lambda z: z) and not slip.matches(lambda z: (2 * z).sum())
