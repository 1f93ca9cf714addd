"""What the metrics contract's page says between its tables."""

HEAD = """\
# The metrics contract

Made from `components/commonground/telemetry/contract.py` (`python -m commonground.telemetry.page > docs/metrics-contract.md`).

What an application and a model expose to Prometheus, so that rules, alerts and dashboards find both. The service metrics are the same for an API and a
model server; a model server adds the model metrics. Everything is optional: what is not exposed has no alert and an empty panel.

A pod is scraped if it has the annotation `prometheus.io/scrape: "true"` (`prometheus.io/port` and `prometheus.io/path` beside it), or a port named
`metrics`. A Python program has it all from `commonground.telemetry`, which needs `prometheus_client` and nothing else; `stacks/shop/churn/server.py` is a
whole model server:

```python
from commonground.telemetry import Baseline, Model, Service, WsgiMiddleware, serve

model = Model("churn", "7", Baseline.load("baseline.json"), previous_version="6", trained=data_cut, quality={"auc": (0.91, "higher")})
service = Service(limit=16, changed=data_cut)
application = WsgiMiddleware(application, service)  # ASGI: AsgiMiddleware
serve(9090)  # or metrics_wsgi(), metrics_asgi() as a page of the application, outside of the middleware

model.observe({"age": 41, "plan": "pro"}, {"score": 0.2})  # in the handler
model.observe_batch({"age": ages, "plan": plans}, {"score": scores})  # arrays, columns or lists
model.outcome(right=True)  # when it becomes known
model.quality("auc", 0.88)
```

A call counts as one prediction, or as a batch's rows; so each prediction is observed once, with all that the model was given. None is a missing value; a
name that a call does not contain is not counted at all: a server passes `None` for what a request lacks. A batch is a mapping of columns of one length, or
a data frame; a list of rows is refused.

No method of a `Model` raises. A name that the baseline lacks, more than one value where one is due (an array of two dimensions: `predict_proba`'s), a
column of another length than most, or what is no mapping is logged once for each variable and not counted (`strict=True` raises: for tests). An array of
one element is a value. What could never be right (a version that is no text, a time without its zone) is a `TelemetryError` when the `Model` is made. All
of it is thread-safe.

### Installing it where a model is served

The package's own dependencies are those of its stacks (Pulumi and its providers: half a gigabyte), and a serving image needs none of them. With Python
3.11 or newer:

```sh
pip install --no-deps "commonground @ git+URL-OF-THIS-REPOSITORY@TAG" prometheus_client
```

`prometheus_client` depends on nothing itself. `pip install "commonground[telemetry]"` is for an environment that has the stacks' packages anyway.
"""
SERVICE = """\
Errors are the requests with a `code` from 500 on, saturation is requests in flight over their limit. `route` is a template (`/users/{id}`), never a path with
values in it: the middleware takes FastAPI's (`scope["route"].path`) and Flask's (`url_rule`); for any other framework give it `route=`, a function from the
scope or environ to a template, or all is `other`. A mounted application's template lacks the prefix that it is mounted at. Whoever asked and went before
the answer's end counts as `4xx`, unless the answer was an error. A status that HTTP does not know is counted by its class, as `4xx`.

Each route has the codes 200, 500 and `4xx` as 0 from when it is first seen, `other` and those that `Service(routes=[...])` names from the start: a counter that
begins with its first error has no increase, and that error no alert. Of another code, the first of a process is not seen.
"""
MODEL = """\
One model server may serve several models, and several versions of one. A version's first series is its deployment; `previous_version` is what it is compared
with. `QUALITY` and outcomes may come from another process than the one that serves: whoever knows them.
"""
BINS = """\
- A numeric variable has up to {edges} edges. A bin is labelled with its upper edge, which it includes, as Prometheus' `le`; but bins are not cumulative. The
  outermost are open; the last is `+Inf`. Less or more than training saw is counted in the outermost bin, and in
  `commonground_model_out_of_range_total`; infinity always is.
- `missing`: None, NaN, and for a number whatever is none. An empty text is a category, not missing. A name that was not passed is in no bin: a feature that
  is never passed has no values, and so no drift, and the alert `ModelFeatureAbsent`.
- A categorical variable has a bin for each of up to {categories} categories, the most frequent. `other` are the rare ones that training saw, up to {rare} of
  them; `unseen` is what it did not. A variable with more has no `unseen`: all that is rare is `other`.
- 1, 1.0 and "1" are one category, True is `true`. Categories that are reserved words, empty, or begin with `=` have a `=` before them; one longer than
  {longest} characters is cut and ends with a digest.
- At most {most} bins a variable. All are exported from the start, as 0: a counter that begins with 1 has no increase. No label ever comes from a request.
"""
BASELINE = """\
`commonground baseline data.parquet --prediction score -o baseline.json` (`pip install "commonground[baseline]"`; CSV, too), or
`commonground.telemetry.make.columns(features, predictions).baseline.save(file)` in the training program. The file is JSON: ratios, edges and the names of
categories, no rows; exclude columns whose values are personal. Its label `baseline` is the first 8 digits of `sha256sum FILE`: the same data makes the
same bytes.

- Numbers are cut into 10 bins of equal shares: quantiles, each once. A frequent value has a bin to itself and the rest is shared by the others. No more
  distinct values than bins: each has its own. A constant is an edge, so that more than it is another bin, and less is out of range.
- Edges are the shortest numbers that separate the same training values. NaN is missing; infinity is refused.
- Truth values and texts are categories; numbers that are names (`--categorical zip`) as well.
- Left out, with a message: dates (always new: observe an age), lists, columns without any value, texts that look like identifiers (more than 1,000
  distinct values, and more than half of the rows; `--categorical` takes them), and whole numbers that do (100 rows or more, each with a number of its own;
  `--numeric` takes them). A column that is all NaN is `missing` 1.
- Every other column is a feature that the server has to pass: `--exclude` labels, keys, and what else it does not have.
- Of less than 500 rows chance alone makes drift ([what it does](drift.md)): fewer bins, or more rows.
- A variable is an object with `kind`, `name`, `type`, then `edges`, `ratios` (one more), `missing`, `min`, `max`; or `categories`, `ratios`, `other`, `others`
  (the rare ones' names; null: not remembered), `missing`. Ratios sum to 1.
"""
TRAINING = """\
For a process that lives on: `Training("churn")` and `Features()`. A job that ends is gone before it is scraped; whoever starts it exposes these, and the
state of the Kubernetes job itself is kube-state-metrics' in any case. Feast's server exposes `feast_feature_freshness_seconds{feature_view}`
(`feast serve --metrics`, version 0.67), which is accepted beside: age, where ours is a time.
"""
LABELS = """\
The collector's labels win over a process' own (`honor_labels: false`): nobody speaks for another team. `instance` and `job` are there as well.
"""
TARGETS = {
    "team": "one a namespace, by the blueprint's teams; else `platform`",
    "namespace": "the pod's",
    "service": "one a workload: the pod's label `app.kubernetes.io/name`",
    "version": "one a build: the pod's label `app.kubernetes.io/version`",
    "pod": "one a pod",
}
SERIES = """\
Of each pod:

- service: (routes + 1 for `other`) x 17 + other codes that occur, each with its route, + 3. Ten routes that answer 404, too: 200.
- model version: 2 x all bins + numeric variables + 2 x scores + 5. 100 numeric features of 10 bins and `missing` are 2 x 1,100 + 100 + 5 = 2,305.
  `commonground baseline` prints the number, without scores: 2 for each.

In a process, a model of 200 variables with 20 bins each is 4,000 counters and as many gauges: the most that there is. `scripts/bench` measures memory and time.
"""
WORKERS = """\
With PROMETHEUS_MULTIPROC_DIR (an empty directory: an `emptyDir` volume), all workers of a server are one scrape, by prometheus_client's multiprocess mode.
`serve`, `metrics_wsgi` and `metrics_asgi` see to it; registries are then one. Counters and histograms are added up. Requests in flight and their limit
are added up over the living. What each says alike (ratios of the baseline, information, times) is taken once, from the living; of quality and training what
was set last. A limit is a worker's: it counts from its first request, or from `service.start()` in a hook after the fork. In `gunicorn.conf.py`:

```python
from commonground.telemetry import serve
from commonground.telemetry.gunicorn import child_exit, on_starting  # the dead are added up into one file; what an earlier server left is removed


def when_ready(server):
    serve(9102)
```

With `preload_app`, the application is made before the hooks: make the folder in `gunicorn.conf.py` then, `os.makedirs(..., exist_ok=True)`.

The directory has to be named before Python starts: in a pod by `ModelServiceSettings(env={"PROMETHEUS_MULTIPROC_DIR": "/tmp/metrics"}, metrics_port=9102,
...)`; `/tmp` is its scratch volume, and the hook makes the folder. Without the variable, `on_starting` stops the server with an error that says so: the
process that serves would know of no worker. One process serves: `serve` in the application itself, so in each worker, is refused from the second worker on
(`PortTakenError`).

Without `child_exit`, files of each dead worker stay, and versions that nobody serves any more are still told. With another server, call
`commonground.telemetry.workers.bury(directory, pid)` when a worker has died, and expose with the functions above: a scrape of one's own may see a dead
worker's counters twice.
"""
BY_HAND = """\
The contract is names and labels: any Prometheus library can expose it. What has to be right:

- every bin as 0, and every `commonground_model_baseline_ratio`, before the first request;
- `commonground_requests_total` as 0 for each route with the codes 200, 500 and `4xx`, and whatever other code from 500 on the service answers, before its first
  error: as 0 in a scrape before; so where routes are known, at the start;
- `bin` as above, the same text in the counter and in the ratio; a counter that a bin of the baseline has not is no error, and is compared with a ratio of 0;
- `baseline` changes whenever an edge, a category or a ratio does: increases are compared with the ratios of the same label only;
- each value in exactly one bin: with `missing` and `unseen`, the bins of a variable grow by one for every prediction that it was part of.
"""
ADAPTERS = """\
Servers that are not ours expose what they have; scraped they are by the same annotation. Rules and dashboards read the contract only. What it takes:

| server | requests, errors, duration | predictions, drift |
| --- | --- | --- |
| FastAPI, Flask, any WSGI or ASGI | the middleware | `Model` in the handler |
| KServe, a Python predictor of one's own | `AsgiMiddleware` does not reach KServe's server; its `request_predict_seconds` has no code | `Model` in `predict` |
| KServe, a ready runtime | no set that all have (KServe documentation, "Prometheus Metrics") | a proxy or transformer with `Model` |
| vLLM | `vllm:e2e_request_latency_seconds`, `vllm:num_requests_running`: other buckets, no code | a proxy with `Model`: lengths, finish reason |
| Triton | `nv_inference_request_success`, `_failure`; durations are sums, not buckets, so no objective of latency | a proxy with `Model` |

A recording rule or relabelling can rename a counter; it cannot invent a status or a bucket that the server did not count. So a name alone is never mapped
here: put the middleware in a small proxy in front, or add the rule yourself and say what its series mean. None of these servers was run against this contract.
"""
