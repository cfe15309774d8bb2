{{/* The text of topology.yaml, byte for byte. */}}
{{- define "memory-graph.topologyText" -}}
{{- .Values.topology | default (.Files.Get "files/topology.yaml") -}}
{{- end }}

{{/* The same, as YAML without comments: read it with fromYaml. */}}
{{- define "memory-graph.topology" -}}
{{- $topology := include "memory-graph.topologyText" . | fromYaml -}}
{{- if hasKey $topology "Error" -}}
{{- fail (printf "topology is no YAML: %s; `memory-graph topology check` names the line" $topology.Error) -}}
{{- end -}}
{{- toYaml $topology -}}
{{- end }}

{{/* One worker, as YAML: values.yaml's defaults and its entry, and what topology.yaml says. Arguments: root, name. */}}
{{- define "memory-graph.worker" -}}
{{- $topology := include "memory-graph.topology" .root | fromYaml -}}
{{- $entry := get ($topology.workers | default dict) .name | default dict -}}
{{- $topic := get ($topology.topics | default dict) ($entry.topic | default "") | default dict -}}
{{- $inherited := mergeOverwrite (deepCopy ($topology.defaults | default dict)) $entry -}}
{{- $worker := mergeOverwrite (deepCopy .root.Values.defaults) (deepCopy (get .root.Values.workers .name)) -}}
{{- $drain := ($inherited.drain | default dict).grace_seconds | default 30 -}}
{{- $grace := add $worker.preStopSeconds $drain $worker.afterDrainSeconds -}}
{{- $scaled := or $worker.autoscaling.keda.enabled $worker.autoscaling.hpa.enabled -}}
{{- $partitions := int ($topic.partitions | default 0) -}}
{{- $least := $worker.autoscaling.minReplicas | default $worker.replicas -}}
{{- $most := $worker.autoscaling.maxReplicas | default $partitions -}}
{{- /* What a process only reads when it starts: the keys that are marked so in the code, which a test compares. */ -}}
{{- $restart := pick $inherited "topic" "group" "order" "session_timeout_seconds" "drain" "merge"
      "chain_id" "denial_reasons" "alerts" -}}
{{- $_ := set $restart "usage" (dict "counted" (hasKey $inherited "usage") "topic" (get ($inherited.usage | default dict) "topic")) -}}
{{- $_ := set $restart "file" (pick $topology "schemas" "replication_factor") -}}
{{- $facts := dict "restartKeys" $restart "name" .name "topic" $entry.topic "group" $entry.group "partitions" $partitions
      "graceSeconds" $grace "scaled" $scaled "least" (int $least) "most" (int $most) -}}
{{- toYaml (merge $facts $worker) -}}
{{- end }}

{{/* Where the archive of audit events is; empty without one. */}}
{{- define "memory-graph.archiveUrl" -}}
{{- $workers := (include "memory-graph.topology" . | fromYaml).workers | default dict -}}
{{- ((get $workers "audit" | default dict).archive | default dict).url | default "" -}}
{{- end }}

{{/* The folder that the archive is in, for a process that uses it; empty where it is in no volume of auditArchive.claim. */}}
{{- define "memory-graph.archiveFolder" -}}
{{- if and .root.Values.auditArchive.claim (has "auditArchive" .servers) -}}
{{- include "memory-graph.archiveUrl" .root | trimPrefix "file://" -}}
{{- end -}}
{{- end }}

{{/* The names of the workers that run, as a YAML list under `names`. */}}
{{- define "memory-graph.workers" -}}
names:
{{- range $name, $worker := .Values.workers }}
{{- if $worker.enabled }}
  - {{ $name }}
{{- end }}
{{- end }}
{{- end }}

{{/* The schemas folder of topology.yaml if it is relative: then it is mounted beside the file. */}}
{{- define "memory-graph.schemasFolder" -}}
{{- $folder := (include "memory-graph.topology" . | fromYaml).schemas | default "schemas/avro" -}}
{{- if not (isAbs $folder) -}}{{ $folder }}{{- end -}}
{{- end }}
