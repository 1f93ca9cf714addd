"""Parameters of a StorageClass of the EBS driver (aws-ebs-csi-driver, "CreateVolume Parameters"). A wrong one fails only when the first volume is claimed."""

import re
from collections.abc import Iterator
from difflib import get_close_matches

from commonground.local.providers.values import UNKNOWN, Properties

SYSTEMS = re.compile("ext2|ext3|ext4|ntfs|xfs")
TRUTH = re.compile("false|true")
NUMBER = re.compile("[1-9][0-9]*")
ANY = re.compile(".+")

FORMS: dict[str, tuple[re.Pattern[str], str]] = {
    "allowAutoIOPSIncreaseOnModify": (TRUTH, '"true" or "false"'),
    "allowAutoIOPSPerGBIncrease": (TRUTH, '"true" or "false"'),
    "blockExpress": (TRUTH, '"true" or "false"'),
    "blockSize": (NUMBER, "a number of bytes"),
    "bytesPerInode": (NUMBER, "a number of bytes"),
    "csi.storage.k8s.io/fstype": (SYSTEMS, "one of ext2, ext3, ext4, ntfs, xfs"),
    "encrypted": (TRUTH, '"true" or "false"'),
    "ext4BigAlloc": (TRUTH, '"true" or "false"'),
    "ext4ClusterSize": (NUMBER, "a number of bytes"),
    "ext4EncryptionSupport": (TRUTH, '"true" or "false"'),
    "fsType": (SYSTEMS, "one of ext2, ext3, ext4, ntfs, xfs"),
    "inodeSize": (NUMBER, "a number of bytes"),
    "iops": (NUMBER, "a whole number"),
    "iopsPerGB": (NUMBER, "a whole number"),
    "kmsKeyId": (re.compile(r"arn:aws[a-z-]*:kms:[a-z0-9-]+:\d{12}:(key|alias)/.+"), "the full ARN of a key"),
    "numberOfInodes": (NUMBER, "a whole number"),
    "throughput": (NUMBER, "a number of MiB/s"),
    "type": (re.compile("gp2|gp3|io1|io2|sbg1|sbp1|sc1|st1|standard"), "one of gp2, gp3, io1, io2, sbg1, sbp1, sc1, st1, standard"),
    "volumeInitializationRate": (NUMBER, "a number of MiB/s"),
    **{
        f"csi.storage.k8s.io/{use}-secret-{part}": (ANY, "a name")
        for use in ("controller-expand", "controller-publish", "node-expand", "node-publish", "node-stage", "provisioner")
        for part in ("name", "namespace")
    },
}
BY_FOLD = {name.lower(): name for name in FORMS}
"""The driver does not mind the case of names; it does of values."""

TAG = re.compile(r"tagSpecification_\d+")


def mistakes_in_parameters(parameters: Properties) -> Iterator[tuple[str, str]]:
    """What is wrong with them: property path and reason. Unknown values are never wrong, what is not text the schema refuses."""
    given: Properties = {}
    for name, value in parameters.items():
        known = BY_FOLD.get(name.lower())
        if known is None and TAG.match(name):
            continue
        if known is None:
            close = get_close_matches(name, FORMS, 1)
            yield f"parameters.{name}", "is not a parameter of ebs.csi.aws.com" + (f"; did you mean {close[0]}?" if close else "")
            continue
        given[known] = value
        form, expected = FORMS[known]
        if isinstance(value, str) and value != UNKNOWN and not form.fullmatch(value):
            yield f"parameters.{name}", f"is {value!r}, expected {expected}"
    if "iops" in given and "iopsPerGB" in given:
        yield "parameters.iops", "cannot be given together with iopsPerGB"
    if "kmsKeyId" in given and given.get("encrypted") not in ("true", UNKNOWN):
        yield "parameters.kmsKeyId", 'needs encrypted "true" (API reference, CreateVolume)'
