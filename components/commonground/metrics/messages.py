"""What is said of alerts: templates of a subject, of a text for people, and of JSON for the retraining.

SNS takes a subject of less than 100 ASCII characters in one line and a message of 256 KiB (SNS API reference, "Publish"), so subjects are cut, and of many
alerts the first are listed. Values of labels and annotations are whatever somebody exposed: in JSON they are escaped.
"""

FILE = "commonground"
"""Key of the templates in `template_files`, and what the configuration names under `templates`."""
SUBJECT, TEXT, JSON = "commonground.subject", "commonground.text", "commonground.json"

MOST_IN_TEXT, MOST_IN_JSON = 20, 50
"""Alerts of a group that are listed: with 4 KiB each, JSON stays under SNS' limit."""

_SUBJECT = """\
{{ define "commonground.subject" -}}
{{ printf "[%s] ENVIRONMENT %s: %s (%d)" (.Status | toUpper) .CommonLabels.severity (.GroupLabels.Values | join " ") (len .Alerts)
  | reReplaceAll "[^ -~]" "?" | printf "%.99s" }}
{{- end }}
"""

_TEXT = """\
{{ define "commonground.one" }}
{{ .Labels.alertname }} ({{ .Labels.severity }}), {{ .Status }} since {{ .StartsAt.UTC.Format "2006-01-02 15:04:05 UTC" }}
  {{ .Annotations.summary }}
  team: {{ .Labels.team }}
{{- range .Labels.SortedPairs }}{{ if not (match "^(alertname|severity|team)$" .Name) }}
  {{ .Name }}: {{ .Value }}
{{- end }}{{ end }}
{{- with .Annotations.runbook_url }}
  runbook: {{ . }}
{{- end }}
{{ end }}
{{ define "commonground.text" -}}
Environment ENVIRONMENT: {{ len .Alerts.Firing }} firing, {{ len .Alerts.Resolved }} resolved
{{ range $index, $alert := .Alerts }}{{ if lt $index MOST_TEXT }}{{ template "commonground.one" $alert }}{{ end }}{{ end }}
{{- if gt (len .Alerts) MOST_TEXT }}
(the first MOST_TEXT of {{ len .Alerts }})
{{ end }}
{{- end }}
"""

_JSON = """\
{{ define "commonground.quoted" -}}
"{{ . | reReplaceAll "[[:cntrl:]]" " " | reReplaceAll `(["\\\\])` `\\$1` | printf "%.1000s" }}"
{{- end }}
{{ define "commonground.pairs" -}}
{ {{- range $index, $pair := .SortedPairs }}{{ if $index }},{{ end -}}
{{ template "commonground.quoted" $pair.Name }}:{{ template "commonground.quoted" $pair.Value }}
{{- end -}} }
{{- end }}
{{ define "commonground.json" -}}
{"environment":"ENVIRONMENT","status":{{ template "commonground.quoted" .Status }},"count":{{ len .Alerts }},
"group":{{ template "commonground.pairs" .GroupLabels }},"alerts":[
{{- range $index, $alert := .Alerts }}{{ if lt $index MOST_JSON }}{{ if $index }},{{ end -}}
{"status":{{ template "commonground.quoted" $alert.Status }},"startsAt":"{{ $alert.StartsAt.UTC.Format "2006-01-02T15:04:05.000Z" }}",
"fingerprint":{{ template "commonground.quoted" $alert.Fingerprint }},"labels":{{ template "commonground.pairs" $alert.Labels }},
"annotations":{{ template "commonground.pairs" $alert.Annotations }}}
{{- end }}{{ end -}} ]}
{{- end }}
"""


def templates(environment: str) -> str:
    """All templates, for an environment."""
    text = _SUBJECT + _TEXT + _JSON
    for word, value in {"ENVIRONMENT": environment, "MOST_TEXT": str(MOST_IN_TEXT), "MOST_JSON": str(MOST_IN_JSON)}.items():
        text = text.replace(word, value)
    return text
