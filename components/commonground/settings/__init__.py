"""Settings: the files' models (blueprint, scale, bindings, lock), their check, and what they merge to."""

from commonground.settings.ami import AmiType
from commonground.settings.base import Gpus, InstanceType, Protection
from commonground.settings.bindings import Bindings, BindingType
from commonground.settings.blueprint import Blueprint
from commonground.settings.check import check, resolve
from commonground.settings.differences import Difference
from commonground.settings.environment import (
    AccessSettings,
    AddonSettings,
    AddonsSettings,
    BucketSettings,
    ClusterSettings,
    Environment,
    NetworkSettings,
    PoolSettings,
    RegistriesSettings,
    RegistrySettings,
    StorageSettings,
    TierSettings,
)
from commonground.settings.lock import LockFile, dump
from commonground.settings.mistakes import Mistake, SettingsError, render
from commonground.settings.scale import Scale

__all__ = [
    "AccessSettings",
    "AddonSettings",
    "AddonsSettings",
    "AmiType",
    "BindingType",
    "Bindings",
    "Blueprint",
    "BucketSettings",
    "ClusterSettings",
    "Difference",
    "Environment",
    "Gpus",
    "InstanceType",
    "LockFile",
    "Mistake",
    "NetworkSettings",
    "PoolSettings",
    "Protection",
    "RegistriesSettings",
    "RegistrySettings",
    "Scale",
    "SettingsError",
    "StorageSettings",
    "TierSettings",
    "check",
    "dump",
    "render",
    "resolve",
]
