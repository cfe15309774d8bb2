{{/*
What every pod of the chart has: identity, restricted Pod Security, volumes. Arguments: root, hook (true: the ConfigMap and the
account of the migration), and those of memory-graph.secretFiles.
*/}}
{{- define "memory-graph.podSecurity" -}}
{{- /* The chart's own account does not exist yet when the migration of the first install runs. */}}
serviceAccountName: {{ ternary "default" (include "memory-graph.serviceAccount" .root) (and .hook .root.Values.serviceAccount.create) }}
automountServiceAccountToken: false
enableServiceLinks: false
{{- with .root.Values.imagePullSecrets }}
imagePullSecrets:
  {{- toYaml . | nindent 2 }}
{{- end }}
securityContext:
  runAsNonRoot: true
  runAsUser: 10001
  runAsGroup: 10001
  fsGroup: 10001
  fsGroupChangePolicy: OnRootMismatch
  seccompProfile: {type: RuntimeDefault}
{{- end }}

{{/* Image, security, settings and mounts of a container. Arguments: as above, and worker (a map with the pod's options). */}}
{{- define "memory-graph.container" -}}
image: {{ include "memory-graph.image" .root | quote }}
imagePullPolicy: {{ .root.Values.image.pullPolicy }}
command: [memory-graph]
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  privileged: false
  capabilities: {drop: [ALL]}
env:
  {{- include "memory-graph.environment" . | nindent 2 }}
  {{- with .worker.extraEnv }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
volumeMounts:
  - {name: topology, mountPath: /etc/memory-graph, readOnly: true}
  - {name: secrets, mountPath: {{ include "memory-graph.secretsFolder" . }}, readOnly: true}
  - {name: tmp, mountPath: /tmp}
  {{- if include "memory-graph.kubernetesLogin" . }}
  - {name: service-account, mountPath: /var/run/secrets/kubernetes.io/serviceaccount, readOnly: true}
  {{- end }}
  {{- with include "memory-graph.archiveFolder" . }}
  - {name: audit-archive, mountPath: {{ . | quote }}}
  {{- end }}
  {{- with .worker.extraVolumeMounts }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- end }}

{{- define "memory-graph.volumes" -}}
- name: topology
  configMap:
    name: {{ include "memory-graph.fullname" .root }}-topology{{ if .hook }}-migration{{ end }}
    items:
      - {key: topology.yaml, path: topology.yaml}
      {{- with include "memory-graph.schemasFolder" .root }}
      {{- $folder := . }}
      {{- range $path, $_ := $.root.Files.Glob "files/schemas/**.avsc" }}
      {{- $inner := trimPrefix "files/schemas/" $path }}
      - {key: {{ $inner | replace "/" "." }}, path: {{ $folder }}/{{ $inner }}}
      {{- end }}
      {{- end }}
- name: secrets
  projected:
    defaultMode: 0440
    sources:
      {{- range $file, $from := include "memory-graph.secretFiles" . | fromYaml }}
      - secret:
          name: {{ $from.secret }}
          items: [{key: {{ $from.key }}, path: {{ $file }}}]
      {{- end }}
{{- if include "memory-graph.kubernetesLogin" . }}
{{- $login := .root.Values.vault.kubernetes }}
- name: service-account
  projected:
    defaultMode: 0440
    sources:
      - serviceAccountToken:
          path: token
          expirationSeconds: {{ int $login.expirationSeconds }}
          {{- with $login.audience }}
          audience: {{ . | quote }}
          {{- end }}
{{- end }}
- name: tmp
  emptyDir: {sizeLimit: {{ .worker.tmpSizeLimit }}}
{{- if include "memory-graph.archiveFolder" . }}
- name: audit-archive
  persistentVolumeClaim: {claimName: {{ .root.Values.auditArchive.claim | quote }}}
{{- end }}
{{- with .worker.extraVolumes }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{/* Where pods run, and how they look up names. Argument: worker. */}}
{{- define "memory-graph.scheduling" -}}
{{- with .nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .affinity }}
affinity:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- with .dnsConfig }}
dnsConfig:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .hostAliases }}
hostAliases:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{/* Not empty for a process that logs in to the vault with a token of its service account. */}}
{{- define "memory-graph.kubernetesLogin" -}}
{{- if and .root.Values.vault.kubernetes.role (has "vault" .servers) -}}yes{{- end -}}
{{- end }}
