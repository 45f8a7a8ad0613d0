"""The results of a block: what it computed and nothing consumed."""

from __future__ import annotations

from lesson_utils.capture.records import CHANGED, VIEWED, Call, LiveValue, Question


def results(calls: list[Call], questions: list[Question]) -> list[LiveValue]:
    """The computed values that nothing consumed.

    Where some of them can be differentiated only those count, and a use
    that autograd does not follow (a comparison, say) is no consumption. An
    output that no variable holds, of a call whose other output is used, was
    thrown away (the weights of an attention layer, say).

    Args:
        calls: Of the block.
        questions: The truth tests of the block.
    """
    followed = False
    everything: list[LiveValue] = []
    used: set[LiveValue] = set()  # by any call
    consumed: set[LiveValue] = set()  # by a call that autograd follows
    asked = {question.value for question in questions}
    left = set(asked)
    several: list[Call] = []
    for call in calls:
        outputs = call.outputs
        everything += outputs
        used.update(call.inputs)
        if call.name in (VIEWED, CHANGED):  # met at the end only because a variable holds it
            left.update(outputs)
        if len(outputs) > 1:
            several.append(call)
        for value in outputs:
            if value.requires_grad:
                followed = True
                consumed.update(call.inputs)
                if value.edge is None:  # a leaf that was written to is a leaf still
                    left.add(value)
    if not followed:
        consumed = used
    for call in several:
        if any([value in consumed or value.bound for value in call.outputs]):
            left.update([value for value in call.outputs if not value.bound])
    made = [value for value in everything if value not in left] or everything
    found = [value for value in made if value not in consumed and value.requires_grad >= followed]
    if asked:
        only_asked = {
            value
            for call in calls
            if asked.issuperset(call.outputs)
            for value in call.inputs
            if not value.bound
        }
        found = [value for value in found if value not in only_asked] or found
    if followed and used.issuperset(found):
        # All that can be differentiated went on into something that autograd does not follow.
        named = [value for value in found if value.bound]
        return named or [value for value in made if value not in used]
    return found
