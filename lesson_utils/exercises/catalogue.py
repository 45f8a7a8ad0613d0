"""All exercises, by their ids."""

from __future__ import annotations

from lesson_utils.exercises import lesson_01, lesson_02, lesson_03, lesson_04, lesson_05
from lesson_utils.exercises.exercise import Exercise

LESSONS = (lesson_01, lesson_02, lesson_03, lesson_04, lesson_05)
CATALOGUE: dict[str, Exercise] = {
    exercise.id: exercise for lesson in LESSONS for exercise in lesson.EXERCISES
}
