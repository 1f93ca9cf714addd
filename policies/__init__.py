"""Commonground's policies: what holds for every stack, whoever wrote it. A Pulumi policy pack; `table.py` lists what is in it."""
