"""All exercises, by their ids."""

from __future__ import annotations

from lesson_utils.exercises import (
    lesson_01,
    lesson_02,
    lesson_03,
    lesson_04,
    lesson_05,
    lesson_06,
    lesson_07,
    predictions_01,
    predictions_02,
    predictions_03,
    predictions_04,
    predictions_05,
    predictions_06,
    predictions_07,
)
from lesson_utils.exercises.exercise import Exercise

LESSONS = (lesson_01, lesson_02, lesson_03, lesson_04, lesson_05, lesson_06, lesson_07)
QUESTIONS = (
    predictions_01, predictions_02, predictions_03, predictions_04, predictions_05, predictions_06,
    predictions_07,
)  # fmt: skip
CATALOGUE: dict[str, Exercise] = {
    **{exercise.id: exercise for lesson in LESSONS for exercise in lesson.EXERCISES},
    **{exercise.id: exercise for lesson in QUESTIONS for exercise in lesson.PREDICTIONS},
}
