{{/* The arguments of memory-graph.container for the operators' pods, as YAML, without root. */}}
{{- define "memory-graph.operator" -}}
{{- $full := include "memory-graph.fullname" . -}}
{{- toYaml (dict "component" "operator" "hook" false "kafka" true "worker" .Values.defaults
      "servers" (list "registryApi" "vault" "auditArchive" "kafkaConnect" "registryDatabase") "user" (printf "%s-operator" $full)
      "external" (printf "%s-external" $full) "certificate" (printf "%s-kafka-client" $full)) -}}
{{- end }}
