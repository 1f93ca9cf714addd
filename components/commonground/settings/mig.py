"""What NVIDIA's MIG makes of one GPU: profiles, and how many parts of each."""

from commonground.settings.base import Gpus

# NVIDIA MIG user guide, "Supported MIG Profiles": number of instances a GPU; the profiles with media extensions aside. The last one is the whole GPU.
# B300 is later than the guide that was read: its profiles are those that SageMaker HyperPod names for p6-b300.
_A100_40 = {"1g.5gb": 7, "1g.10gb": 4, "2g.10gb": 3, "3g.20gb": 2, "4g.20gb": 1, "7g.40gb": 1}
_80 = {"1g.10gb": 7, "1g.20gb": 4, "2g.20gb": 3, "3g.40gb": 2, "4g.40gb": 1, "7g.80gb": 1}
_H200 = {"1g.18gb": 7, "1g.35gb": 4, "2g.35gb": 3, "3g.71gb": 2, "4g.71gb": 1, "7g.141gb": 1}
_B200 = {"1g.23gb": 7, "1g.45gb": 4, "2g.45gb": 3, "3g.90gb": 2, "4g.90gb": 1, "7g.180gb": 1}
_B300 = {"1g.34gb": 7, "1g.67gb": 4, "2g.67gb": 3, "3g.135gb": 2, "4g.135gb": 1, "7g.269gb": 1}
_A30 = {"1g.6gb": 4, "2g.12gb": 2, "4g.24gb": 1}
_RTX_PRO_6000 = {"1g.24gb": 4, "2g.48gb": 2, "4g.96gb": 1}

MODELS: dict[str, tuple[dict[str, int], ...]] = {
    "A30": (_A30,),
    "A100": (_A100_40, _80),
    "H100": (_80,),
    "H200": (_H200,),
    "B200": (_B200,),
    "B300": (_B300,),
    "RTX PRO 6000": (_RTX_PRO_6000,),
    "RTX PRO Server 6000": (_RTX_PRO_6000,),
}
"""GPU models that have MIG, as EC2's DescribeInstanceTypes names them -> profile -> parts, once for each size of memory."""


def profiles(gpus: Gpus) -> dict[str, int]:
    """Return the MIG profiles of a GPU and how many parts each makes of it; nothing where it has no MIG."""
    sizes = MODELS.get(gpus.model, ())
    return min(sizes, key=lambda size: abs(_whole_gib(size) - gpus.memory_mib / 1024), default={})


def _whole_gib(size: dict[str, int]) -> int:
    """Memory of the profile that is the whole GPU."""
    return int(list(size)[-1].partition(".")[2].removesuffix("gb"))
