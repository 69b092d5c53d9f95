"""Chinese pages write 12,408 as English ones do; Django's own Chinese format has no separator at all."""

THOUSAND_SEPARATOR = ","
NUMBER_GROUPING = 3
