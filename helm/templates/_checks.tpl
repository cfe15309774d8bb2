{{/* What a schema cannot compare. Each message names the value and the fix. */}}
{{- define "memory-graph.checks" -}}
{{- $topology := include "memory-graph.topology" . | fromYaml -}}
{{- range $name, $_ := $topology.workers -}}
{{- if not (hasKey $.Values.workers $name) -}}
{{- fail (printf "topology.yaml has the worker %s, workers has not: add workers.%s, with enabled: false if it shall not run" $name $name) -}}
{{- end -}}
{{- end -}}
{{- range $name := (include "memory-graph.workers" . | fromYaml).names -}}
{{- include "memory-graph.checkWorker" (dict "root" $ "name" $name "topology" $topology) -}}
{{- end -}}
{{- if and .Values.strimzi.users.enabled (not .Values.strimzi.topics.enabled) -}}
{{- fail "strimzi.users.enabled needs strimzi.topics.enabled: the users of the workers may not create topics" -}}
{{- end -}}
{{- if and .Values.externalSecrets.enabled (not .Values.externalSecrets.secretStoreRef.name) -}}
{{- fail "externalSecrets.secretStoreRef.name is empty: name a SecretStore" -}}
{{- end -}}
{{- if and .Values.certManager.enabled (not .Values.certManager.issuerRef.name) -}}
{{- fail "certManager.issuerRef.name is empty: name an Issuer" -}}
{{- end -}}
{{- include "memory-graph.checkKafka" . -}}
{{- include "memory-graph.checkAuthorities" . -}}
{{- include "memory-graph.checkVault" . -}}
{{- include "memory-graph.checkArchive" . -}}
{{- end }}

{{- define "memory-graph.checkArchive" -}}
{{- $archive := .Values.auditArchive -}}
{{- $external := ternary .Values.externalSecrets.data dict .Values.externalSecrets.enabled -}}
{{- $url := include "memory-graph.archiveUrl" . -}}
{{- $secret := or $archive.s3.secretAccessKeySecret.name (hasKey $external "s3-secret-access-key") -}}
{{- $id := or $archive.s3.accessKeyIdSecret.name (hasKey $external "s3-access-key-id") -}}
{{- range $name, $given := dict
      "s3" (list "s3://bucket/prefix" (or $archive.s3.region $archive.s3.endpoint $id $secret))
      "azure" (list "az://account/container/prefix" (or $archive.azure.accountKeySecret.name (hasKey $external "azure-account-key")))
      "gcs" (list "gs://bucket/prefix" (or $archive.gcs.credentialsSecret.name (hasKey $external "gcs-credentials.json")))
      "claim" (list "file:///folder" $archive.claim) -}}
{{- if and (last $given) (not (hasPrefix (first $given | splitList "//" | first) $url)) -}}
{{- fail (printf "auditArchive.%s is set, but workers.audit.archive.url in topology.yaml is %q: set it to %s" $name $url (first $given)) -}}
{{- end -}}
{{- end -}}
{{- if ne (empty $id) (empty $secret) -}}
{{- fail "auditArchive.s3 has half a login: name accessKeyIdSecret and secretAccessKeySecret, or neither" -}}
{{- end -}}
{{- if and (hasPrefix "file:" $url) (get .Values.workers "audit").enabled (not $archive.claim) -}}
{{- $folder := trimPrefix "file://" $url -}}
{{- $worker := include "memory-graph.worker" (dict "root" . "name" "audit") | fromYaml -}}
{{- range $worker.extraVolumeMounts -}}
{{- if hasPrefix (printf "%s/" (trimSuffix "/" .mountPath)) (printf "%s/" $folder) -}}
{{- $folder = "" -}}
{{- end -}}
{{- end -}}
{{- if $folder -}}
{{- fail (printf "workers.audit.archive.url in topology.yaml is the folder %s, which no volume has: set auditArchive.claim to a PersistentVolumeClaim" $folder) -}}
{{- end -}}
{{- end -}}
{{- end }}

{{- define "memory-graph.checkVault" -}}
{{- $vault := .Values.vault -}}
{{- $external := ternary .Values.externalSecrets.data dict .Values.externalSecrets.enabled -}}
{{- $logins := list -}}
{{- range $name, $login := dict
      "tokenSecret" (or $vault.tokenSecret.name (hasKey $external "vault-token"))
      "appRole.roleId" $vault.appRole.roleId
      "kubernetes.role" $vault.kubernetes.role -}}
{{- if $login -}}
{{- $logins = append $logins (printf "vault.%s" $name) -}}
{{- end -}}
{{- end -}}
{{- if gt (len $logins) 1 -}}
{{- fail (printf "%s are set, and the vault takes one login: leave only one" (join " and " $logins)) -}}
{{- end -}}
{{- if and $logins (not $vault.addr) -}}
{{- fail (printf "%s logs in to a vault, but vault.addr is empty: set it" (first $logins)) -}}
{{- end -}}
{{- if and (or $vault.appRole.secretIdSecret.name (hasKey $external "vault-secret-id")) (not $vault.appRole.roleId) -}}
{{- fail "vault has a secret_id, but vault.appRole.roleId is empty: set it" -}}
{{- end -}}
{{- end }}

{{- define "memory-graph.checkWorker" -}}
{{- if not (hasKey .topology.workers .name) -}}
{{- fail (printf "workers.%s has no entry in topology.yaml: add it there, or set workers.%s.enabled: false" .name .name) -}}
{{- end -}}
{{- $worker := include "memory-graph.worker" . | fromYaml -}}
{{- $partitions := int $worker.partitions -}}
{{- if not $partitions -}}
{{- fail (printf "topology.yaml has no partitions for the topic of worker %s: add topics.%s.partitions" .name $worker.topic) -}}
{{- end -}}
{{- $limit := printf "%s has %d partitions (topology.yaml), and each process needs one: use at most %d" $worker.topic $partitions $partitions -}}
{{- if $worker.scaled -}}
{{- if and $worker.autoscaling.keda.enabled $worker.autoscaling.hpa.enabled -}}
{{- fail (printf "workers.%s has keda and hpa enabled, which would both set the replicas: disable one of them" .name) -}}
{{- end -}}
{{- if gt (int $worker.most) $partitions -}}
{{- fail (printf "autoscaling.maxReplicas of worker %s is %d, but %s" .name (int $worker.most) $limit) -}}
{{- end -}}
{{- if gt (int $worker.least) (int $worker.most) -}}
{{- fail (printf "autoscaling.minReplicas of worker %s is %d, more than its maxReplicas, %d: lower it" .name (int $worker.least) (int $worker.most)) -}}
{{- end -}}
{{- else if gt (int $worker.replicas) $partitions -}}
{{- fail (printf "workers.%s.replicas is %d, but %s" .name (int $worker.replicas) $limit) -}}
{{- end -}}
{{- end }}

{{- define "memory-graph.checkKafka" -}}
{{- $kafka := .Values.kafka -}}
{{- $external := ternary .Values.externalSecrets.data dict .Values.externalSecrets.enabled -}}
{{- $users := .Values.strimzi.users -}}
{{- $sasl := hasPrefix "SASL" $kafka.securityProtocol -}}
{{- $tls := hasSuffix "SSL" $kafka.securityProtocol -}}
{{- if and $sasl (not $users.enabled) -}}
{{- if not $kafka.username -}}
{{- fail (printf "kafka.securityProtocol %s logs in, but kafka.username is empty: set it" $kafka.securityProtocol) -}}
{{- end -}}
{{- if not (or $kafka.passwordSecret.name (hasKey $external "kafka-password")) -}}
{{- fail (printf "kafka.securityProtocol %s logs in, but kafka.passwordSecret.name is empty: name a Secret, or set externalSecrets.data.kafka-password" $kafka.securityProtocol) -}}
{{- end -}}
{{- end -}}
{{- if and (or $kafka.clientSecret.name .Values.certManager.enabled) (not $tls) -}}
{{- fail (printf "a client certificate is set, but kafka.securityProtocol is %s: use SSL or SASL_SSL" $kafka.securityProtocol) -}}
{{- end -}}
{{- if $users.enabled -}}
{{- $wanted := ternary (list "SSL") (list "SASL_SSL" "SASL_PLAINTEXT") (eq $users.authentication "tls") -}}
{{- if not (has $kafka.securityProtocol $wanted) -}}
{{- fail (printf "strimzi.users.authentication %s needs kafka.securityProtocol %s, not %s" $users.authentication (join " or " $wanted) $kafka.securityProtocol) -}}
{{- end -}}
{{- end -}}
{{- end }}

{{/* Where a certificate or half a login is set that the process would refuse. */}}
{{- define "memory-graph.checkAuthorities" -}}
{{- $v := .Values -}}
{{- $tls := ternary "tls://" "" (hasSuffix "SSL" $v.kafka.securityProtocol) -}}
{{- range $server, $given := dict
      "kafka" (list $v.kafka.caSecret.name $tls "securityProtocol SSL or SASL_SSL")
      "neo4j" (list $v.neo4j.caSecret.name $v.neo4j.uri "uri neo4j+s://… or bolt+s://…")
      "schemaRegistry" (list $v.schemaRegistry.caSecret.name $v.schemaRegistry.url "url https://…")
      "registryApi" (list $v.registryApi.caSecret.name $v.registryApi.url "url https://…")
      "vault" (list $v.vault.caSecret.name $v.vault.addr "addr https://…")
      "kafkaConnect" (list $v.kafkaConnect.caSecret.name $v.kafkaConnect.url "url https://…") -}}
{{- if and (first $given) (not (regexMatch "^(tls|https|[a-z0-9]+[+]s)://" (index $given 1))) -}}
{{- fail (printf "%s.caSecret is for TLS, but the server is reached without it: set %s.%s" $server $server (last $given)) -}}
{{- end -}}
{{- end -}}
{{- $external := ternary $v.externalSecrets.data dict $v.externalSecrets.enabled -}}
{{- $password := or $v.schemaRegistry.passwordSecret.name (hasKey $external "schema-registry-password") -}}
{{- if and $v.schemaRegistry.username (not $password) -}}
{{- fail "schemaRegistry.username is set without a password: name schemaRegistry.passwordSecret" -}}
{{- end -}}
{{- if and $password (not $v.schemaRegistry.username) -}}
{{- fail "schemaRegistry has a password, but schemaRegistry.username is empty: set it" -}}
{{- end -}}
{{- end }}
