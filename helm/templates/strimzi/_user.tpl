{{/* A KafkaUser. Arguments: root, name, acls: lists of type, name (with * at its end for a prefix), operations. */}}
{{- define "memory-graph.kafkaUser" }}
---
apiVersion: {{ .root.Values.strimzi.apiVersion }}
kind: KafkaUser
metadata:
  {{- include "memory-graph.metadata" (dict "root" .root "name" .name "component" .name
        "namespace" .root.Values.strimzi.namespace "labels" (dict "strimzi.io/cluster" .root.Values.strimzi.cluster)) | nindent 2 }}
spec:
  authentication:
    type: {{ .root.Values.strimzi.users.authentication }}
  authorization:
    type: simple
    acls:
      {{- range .acls }}
      - resource:
          type: {{ first . }}
          name: {{ index . 1 | trimSuffix "*" | quote }}
          patternType: {{ hasSuffix "*" (index . 1) | ternary "prefix" "literal" }}
        operations: [{{ slice . 2 | join ", " }}]
      {{- end }}
{{- end }}
