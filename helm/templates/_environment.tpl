{{/* Settings of a process: a list of variables. Arguments: those of memory-graph.secretFiles. */}}
{{- define "memory-graph.environment" -}}
{{- $v := .root.Values -}}
{{- $settings := dict
      "SCHEMA_REGISTRY_URL" $v.schemaRegistry.url
      "SCHEMA_REGISTRY_USERNAME" $v.schemaRegistry.username
      "NEO4J_URI" $v.neo4j.uri
      "NEO4J_USERNAME" $v.neo4j.username
      "NEO4J_DATABASE" $v.neo4j.database
      "TLS_MIN_VERSION" $v.tlsMinVersion
      "OTEL_EXPORTER_OTLP_ENDPOINT" $v.otel.endpoint
      "OTEL_EXPORTER_OTLP_PROTOCOL" $v.otel.protocol
      "OTEL_SERVICE_NAME" $v.otel.serviceName
      "LOG_LEVEL" $v.log.level
      "LOG_FORMAT" $v.log.format
      "METRICS_PORT" $v.metrics.port
      "METRICS_HOST" $v.metrics.host
      "MEMORY_GRAPH_TOPOLOGY" "/etc/memory-graph/topology.yaml"
      "TMPDIR" "/tmp" -}}
{{- $of := dict
      "registryApi" (dict "REGISTRY_API_URL" $v.registryApi.url)
      "kafkaConnect" (dict "KAFKA_CONNECT_URL" $v.kafkaConnect.url)
      "vault" (dict "VAULT_ADDR" $v.vault.addr "VAULT_ROLE_ID" $v.vault.appRole.roleId
          "VAULT_KUBERNETES_ROLE" $v.vault.kubernetes.role "VAULT_AUTH_MOUNT" $v.vault.authMount)
      "auditArchive" (dict "AWS_REGION" $v.auditArchive.s3.region "AWS_ENDPOINT_URL" $v.auditArchive.s3.endpoint) -}}
{{- range $server := .servers -}}
{{- $settings = merge $settings (get $of $server | default dict) -}}
{{- end -}}
{{- if .kafka -}}
{{- $_ := set $settings "KAFKA_BOOTSTRAP_SERVERS" $v.kafka.bootstrapServers -}}
{{- $_ := set $settings "KAFKA_SECURITY_PROTOCOL" $v.kafka.securityProtocol -}}
{{- if hasPrefix "SASL" $v.kafka.securityProtocol -}}
{{- $_ := set $settings "KAFKA_SASL_MECHANISM" ($v.strimzi.users.enabled | ternary "SCRAM-SHA-512" $v.kafka.saslMechanism) -}}
{{- $_ := set $settings "KAFKA_USERNAME" ($v.strimzi.users.enabled | ternary .user $v.kafka.username) -}}
{{- end -}}
{{- end -}}
{{- range $file, $from := include "memory-graph.secretFiles" . | fromYaml -}}
{{- $_ := set $settings $from.variable (printf "%s/%s" (include "memory-graph.secretsFolder" $) $file) -}}
{{- end -}}
{{- range $name, $value := $settings -}}
{{- if $value }}
- name: {{ $name }}
  value: {{ $value | toString | quote }}
{{- end -}}
{{- end -}}
{{- end }}
