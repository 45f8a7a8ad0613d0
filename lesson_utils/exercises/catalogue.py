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
)
from lesson_utils.exercises.exercise import Exercise

LESSONS = (lesson_01, lesson_02, lesson_03, lesson_04, lesson_05, lesson_06, lesson_07)
CATALOGUE: dict[str, Exercise] = {
    exercise.id: exercise for lesson in LESSONS for exercise in lesson.EXERCISES
}
