"""The AMI type of a pool, by its architecture and accelerator."""

from enum import StrEnum

from commonground.settings.base import Accelerator, Architecture


class AmiType(StrEnum):
    """An EKS optimised image, as EKS names it (botocore: eks, AMITypes)."""

    AL2023_X86_64_STANDARD = "AL2023_x86_64_STANDARD"
    AL2023_X86_64_NVIDIA = "AL2023_x86_64_NVIDIA"
    AL2023_ARM_64_STANDARD = "AL2023_ARM_64_STANDARD"
    AL2023_ARM_64_NVIDIA = "AL2023_ARM_64_NVIDIA"


AMI_TYPES: dict[tuple[Architecture, Accelerator | None], AmiType] = {
    (Architecture.X86_64, None): AmiType.AL2023_X86_64_STANDARD,
    (Architecture.X86_64, Accelerator.NVIDIA): AmiType.AL2023_X86_64_NVIDIA,
    (Architecture.ARM64, None): AmiType.AL2023_ARM_64_STANDARD,
    (Architecture.ARM64, Accelerator.NVIDIA): AmiType.AL2023_ARM_64_NVIDIA,
}
