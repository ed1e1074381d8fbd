"""Plan, gather, judge: each needed thing once, however many claims want it."""
