"""GPUs by instance type."""

import re

# EC2's DescribeInstanceTypes (GpuInfo), as moto 5.2.5 has it; a part of a GPU (g6f, gr6f) counts as one. A test holds it to moto's data.
GPUS: dict[str, dict[str, int]] = {
    "g4dn": {"xlarge": 1, "2xlarge": 1, "4xlarge": 1, "8xlarge": 1, "12xlarge": 4, "16xlarge": 1, "metal": 8},
    "g5": {"xlarge": 1, "2xlarge": 1, "4xlarge": 1, "8xlarge": 1, "12xlarge": 4, "16xlarge": 1, "24xlarge": 4, "48xlarge": 8},
    "g5g": {"xlarge": 1, "2xlarge": 1, "4xlarge": 1, "8xlarge": 1, "16xlarge": 2, "metal": 2},
    "g6": {"xlarge": 1, "2xlarge": 1, "4xlarge": 1, "8xlarge": 1, "12xlarge": 4, "16xlarge": 1, "24xlarge": 4, "48xlarge": 8},
    "g6e": {"xlarge": 1, "2xlarge": 1, "4xlarge": 1, "8xlarge": 1, "12xlarge": 4, "16xlarge": 1, "24xlarge": 4, "48xlarge": 8},
    "g6f": {"large": 1, "xlarge": 1, "2xlarge": 1, "4xlarge": 1},
    "g7": {"2xlarge": 1, "4xlarge": 1, "8xlarge": 1, "12xlarge": 2, "24xlarge": 4, "48xlarge": 8},
    "g7e": {"2xlarge": 1, "4xlarge": 1, "8xlarge": 1, "12xlarge": 2, "24xlarge": 4, "48xlarge": 8},
    "gr6": {"4xlarge": 1, "8xlarge": 1},
    "gr6f": {"4xlarge": 1},
    "p3dn": {"24xlarge": 8},
    "p4d": {"24xlarge": 8},
    "p4de": {"24xlarge": 8},
    "p5": {"4xlarge": 1, "48xlarge": 8},
    "p5e": {"48xlarge": 8},
    "p5en": {"48xlarge": 8},
    "p6-b200": {"48xlarge": 8},
    "p6-b300": {"48xlarge": 8},
}
# Families that EC2 calls accelerated computing (EC2 instance types guide, "Accelerated computing"), of which the table may lack one.
ACCELERATED = re.compile(r"^(p|g|gr|trn|inf|dl|vt|f)\d")


def gpus(instance_type: str) -> int | None:
    """GPUs of an instance type; None where it is of an accelerated family that the table lacks."""
    family, _, size = instance_type.partition(".")
    if family in GPUS:
        return GPUS[family].get(size)
    return None if ACCELERATED.match(family) else 0


def smallest(family: str) -> str:
    """The smallest size of a family; of one that the table lacks, a size that most have."""
    return next(iter(GPUS.get(family, {"xlarge": 0})))
