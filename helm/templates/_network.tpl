{{/* The port of an address such as http://host:port/path. Arguments: address, and port, which holds where it names none. */}}
{{- define "memory-graph.port" -}}
{{- $host := (urlParse .address).host -}}
{{- $named := regexFind ":[0-9]+$" $host | trimPrefix ":" -}}
{{- $named | default (hasPrefix "https:" .address | ternary "443" .port) -}}
{{- end }}

{{/* The ports of every server that the settings name, as YAML. */}}
{{- define "memory-graph.ports" -}}
{{- $v := .Values -}}
{{- $ports := dict "kafka" list -}}
{{- range splitList "," $v.kafka.bootstrapServers -}}
{{- $_ := set $ports "kafka" (append $ports.kafka (regexFind "[0-9]+$" (trim .))) -}}
{{- end -}}
{{- $addresses := dict "neo4j" (list $v.neo4j.uri "7687") "schemaRegistry" (list $v.schemaRegistry.url "80")
      "registryApi" (list $v.registryApi.url "80") "vault" (list $v.vault.addr "80")
      "kafkaConnect" (list $v.kafkaConnect.url "80") "otel" (list $v.otel.endpoint "80") -}}
{{- range $server, $address := $addresses -}}
{{- if first $address -}}
{{- $_ := set $ports $server (list (include "memory-graph.port" (dict "address" (first $address) "port" (last $address)))) -}}
{{- end -}}
{{- end -}}
{{- $archive := include "memory-graph.archiveUrl" . -}}
{{- if and $archive (not (hasPrefix "file:" $archive)) -}}
{{- $address := hasPrefix "s3:" $archive | ternary $v.auditArchive.s3.endpoint "" | default "https://" -}}
{{- $_ := set $ports "auditArchive" (list (include "memory-graph.port" (dict "address" $address "port" "80"))) -}}
{{- end -}}
{{- $external := ternary $v.externalSecrets.data dict $v.externalSecrets.enabled -}}
{{- if or $v.registryDatabase.urlSecret.name (hasKey $external "registry-database-url") -}}
{{- $_ := set $ports "registryDatabase" (list "5432") -}}
{{- end -}}
{{- toYaml $ports -}}
{{- end }}

{{/* The spec of a NetworkPolicy. Arguments: root, component (of its pods; none: all pods of the release). */}}
{{- define "memory-graph.networkPolicy" -}}
{{- $policy := .root.Values.networkPolicy -}}
podSelector:
  matchLabels:
    {{- include "memory-graph.selectorLabels" . | nindent 4 }}
policyTypes: [Ingress, Egress]
ingress:
  - ports:
      - {port: metrics, protocol: TCP}
    {{- with $policy.ingress.from }}
    from:
      {{- toYaml . | nindent 6 }}
    {{- end }}
egress:
  - ports:
      {{- range $policy.egress.dns.ports }}
      - {port: {{ int . }}, protocol: UDP}
      - {port: {{ int . }}, protocol: TCP}
      {{- end }}
    {{- with $policy.egress.dns.to }}
    to:
      {{- toYaml . | nindent 6 }}
    {{- end }}
  {{- range $server, $ports := include "memory-graph.ports" .root | fromYaml }}
  {{- $rule := get $policy.egress $server }}
  # {{ $server }}
  - ports:
      {{- range uniq ($rule.ports | default $ports) }}
      - {port: {{ int . }}, protocol: TCP}
      {{- end }}
    {{- with $rule.to }}
    to:
      {{- toYaml . | nindent 6 }}
    {{- end }}
  {{- end }}
{{- end }}
