"""What is not kept of what is scraped: expensive, and read by no rule and no dashboard. A name that is missing here is kept.

Histograms of the control plane and the kubelets have most series of a cluster; their sums and counts stay. Names: Kubernetes docs, "Kubernetes Metrics
Reference"; kube-state-metrics, docs/metrics; cAdvisor, "Monitoring cAdvisor with Prometheus".
"""

from collections.abc import Sequence
from typing import Any

# Kept: apiserver_request_sli_duration_seconds_bucket, without what waits for admission webhooks.
_APISERVER = (
    "apiserver_request_duration_seconds_bucket",
    "apiserver_request_slo_duration_seconds_bucket",
    "apiserver_request_body_size_bytes_bucket",
    "apiserver_response_sizes_bucket",
    "apiserver_watch_.+_bucket",
    "apiserver_admission_.+_bucket",
    "apiserver_flowcontrol_.+_bucket",
    "apiserver_storage_.+_bucket",
    "apiserver_cel_.+_bucket",
    "apiserver_field_validation_.+_bucket",
    "(authentication|authorization|etcd|workqueue|rest_client|field_validation|go|scheduler|aggregator|watch_cache)_.+_bucket",
    "(go|hidden_metrics|registered_metrics|disabled_metrics)_.+",
)
_SCHEDULER = (
    # By pod, and what kube-state-metrics says as well.
    "kube_pod_resource_(request|limit)",
    "scheduler_(plugin|framework_extension_point|queueing_hint|event_handling|permit_wait)_.+_bucket",
    "(workqueue|rest_client|go)_.+_bucket",
)
_CONTROLLER_MANAGER = ("(rest_client|go|endpoint_slice_controller|attach_detach_controller)_.+_bucket",)
# Kept: kubelet_pleg_relist_duration_seconds_bucket, kubelet_pod_start_sli_duration_seconds_bucket.
_KUBELET = (
    "apiserver_(cel|client|delegated|envelope|storage|webhooks)_.+_bucket",
    "kubelet_(http|runtime_operations|cgroup_manager|container_log|device_plugin|docker|pod_worker|pod_status|run_podsandbox|volume_metric|image).+_bucket",
    "(storage_operation|csi_operations|rest_client|workqueue|authentication|authorization|go|prober|volume_operation|plugin_manager)_.+_bucket",
    "prober_probe_duration_seconds_.+",
)
_CADVISOR = (
    "container_(tasks_state|memory_failures_total|network_tcp.*_usage_total|network_udp.*_usage_total|blkio_device_usage_total)",
    "container_(cpu_load.*|file_descriptors|sockets|threads.*|ulimits_soft|last_seen|start_time_seconds|processes)",
    "container_fs_(io_.+|sector_.+|read_seconds_total|write_seconds_total|reads_merged_total|writes_merged_total|inodes_.+)",
)
_STATE = (
    "kube_(secret|configmap|lease|endpoint_address|endpoint_ports|networkpolicy|ingress_path|mutatingwebhookconfiguration|validatingwebhookconfiguration).*",
    "kube_.+_metadata_resource_version",
    "kube_pod_(tolerations|ips|status_qos_class|service_account|scheduler|restart_policy|spec_volumes_persistentvolumeclaims_readonly)",
    "kube_replicaset_(created|metadata_generation|status_observed_generation|status_fully_labeled_replicas)",
)
_NODE = (
    "node_(arp|bonding|edac|fibrechannel|infiniband_port_.+|ipvs|mdadm|nfs|nfsd|nvme|os|selinux|softnet|tapestats|xfs|zfs)_.+",
    "node_(cpu_guest_seconds_total|cpu_frequency_.+|cpu_scaling_.+|netstat_.+|sockstat_.+|schedstat_.+|scrape_collector_.+|cooling_device_.+)",
    "(go|promhttp)_.+",
)
# prometheus_client writes one beside every counter and histogram, which doubles the series of a model.
_CREATED = ("commonground_.+_created",)
# What the cluster's own exporters, its API server and our rules say, and alerts are made of: any team's pod could say it as well, and be believed.
_RESERVED = (
    "(kube|node|kubelet|container|apiserver|aggregator|scheduler|machine|DCGM)_.+",
    # Not every name with a colon: servers have such names of their own, as vLLM (vllm:num_requests_running).
    "commonground:.+",
    "ALERTS.*",
    "up|scrape_.+",
)


def _names(names: Sequence[str]) -> dict[str, Any]:
    return {"source_labels": ["__name__"], "regex": "|".join(names), "action": "drop"}


APISERVER = _names(_APISERVER)
SCHEDULER = _names(_SCHEDULER)
CONTROLLER_MANAGER = _names(_CONTROLLER_MANAGER)
KUBELET = _names(_KUBELET)
CADVISOR = _names(_CADVISOR)
STATE = _names(_STATE)
NODE = _names(_NODE)
CREATED = _names(_CREATED)
RESERVED = _names(_RESERVED)
"""For what anybody's pods expose; Prometheus writes its own `up` and `scrape_...` of them later, which no step sees."""
SLICES = {"source_labels": ["__name__", "pod"], "regex": "container_.+;", "action": "drop"}
"""Control groups above pods: a node's exporter says what they say."""
