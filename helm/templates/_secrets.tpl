{{/*
The files with secrets and certificates, as YAML: file name → Secret, key, and the variable that names the file.
Arguments: root, user (the KafkaUser whose account it is), kafka (false: without those of Kafka), servers (which others it uses,
beside Neo4j and the schema registry), external (the Secret of the ExternalSecret).
*/}}
{{- define "memory-graph.secretFiles" -}}
{{- $v := .root.Values -}}
{{- $files := dict
      "neo4j-password" (dict "variable" "NEO4J_PASSWORD_FILE" "secret" $v.neo4j.passwordSecret.name "key" $v.neo4j.passwordSecret.key)
      "neo4j-ca.crt" (dict "variable" "NEO4J_CAFILE" "secret" $v.neo4j.caSecret.name "key" $v.neo4j.caSecret.key)
      "schema-registry-password" (dict "variable" "SCHEMA_REGISTRY_PASSWORD_FILE" "secret" $v.schemaRegistry.passwordSecret.name "key" $v.schemaRegistry.passwordSecret.key)
      "schema-registry-ca.crt" (dict "variable" "SCHEMA_REGISTRY_CAFILE" "secret" $v.schemaRegistry.caSecret.name "key" $v.schemaRegistry.caSecret.key)
      "registry-api-ca.crt" (dict "server" "registryApi" "variable" "REGISTRY_API_CAFILE" "secret" $v.registryApi.caSecret.name "key" $v.registryApi.caSecret.key)
      "vault-ca.crt" (dict "server" "vault" "variable" "VAULT_CACERT" "secret" $v.vault.caSecret.name "key" $v.vault.caSecret.key)
      "kafka-connect-ca.crt" (dict "server" "kafkaConnect" "variable" "KAFKA_CONNECT_CAFILE" "secret" $v.kafkaConnect.caSecret.name "key" $v.kafkaConnect.caSecret.key)
      "registry-database-ca.crt" (dict "server" "registryDatabase" "variable" "REGISTRY_DATABASE_CAFILE" "secret" $v.registryDatabase.caSecret.name "key" $v.registryDatabase.caSecret.key)
      "registry-database-url" (dict "server" "registryDatabase" "variable" "REGISTRY_DATABASE_URL_FILE" "secret" $v.registryDatabase.urlSecret.name "key" $v.registryDatabase.urlSecret.key)
      "registry-api-token" (dict "server" "registryApi" "variable" "REGISTRY_API_TOKEN_FILE" "secret" $v.registryApi.tokenSecret.name "key" $v.registryApi.tokenSecret.key)
      "vault-secret-id" (dict "server" "vault" "variable" "VAULT_SECRET_ID_FILE" "secret" $v.vault.appRole.secretIdSecret.name "key" $v.vault.appRole.secretIdSecret.key)
      "s3-access-key-id" (dict "server" "auditArchive" "variable" "AWS_ACCESS_KEY_ID_FILE" "secret" $v.auditArchive.s3.accessKeyIdSecret.name "key" $v.auditArchive.s3.accessKeyIdSecret.key)
      "s3-secret-access-key" (dict "server" "auditArchive" "variable" "AWS_SECRET_ACCESS_KEY_FILE" "secret" $v.auditArchive.s3.secretAccessKeySecret.name "key" $v.auditArchive.s3.secretAccessKeySecret.key)
      "azure-account-key" (dict "server" "auditArchive" "variable" "AZURE_STORAGE_ACCOUNT_KEY_FILE" "secret" $v.auditArchive.azure.accountKeySecret.name "key" $v.auditArchive.azure.accountKeySecret.key)
      "gcs-credentials.json" (dict "server" "auditArchive" "variable" "GOOGLE_APPLICATION_CREDENTIALS" "secret" $v.auditArchive.gcs.credentialsSecret.name "key" $v.auditArchive.gcs.credentialsSecret.key)
      "vault-token" (dict "server" "vault" "variable" "VAULT_TOKEN_FILE" "secret" $v.vault.tokenSecret.name "key" $v.vault.tokenSecret.key) -}}
{{- if .kafka -}}
{{- $files = merge $files (include "memory-graph.kafkaFiles" . | fromYaml) -}}
{{- end -}}
{{- range $name, $file := $files -}}
{{- if and $v.externalSecrets.enabled (hasKey $v.externalSecrets.data $name) -}}
{{- $_ := set $file "secret" $.external -}}
{{- $_ := set $file "key" $name -}}
{{- end -}}
{{- if or (not $file.secret) (and $file.server (not (has $file.server $.servers))) -}}
{{- $_ := unset $files $name -}}
{{- end -}}
{{- end -}}
{{- toYaml $files -}}
{{- end }}

{{/* Arguments: root, user. */}}
{{- define "memory-graph.kafkaFiles" -}}
{{- $v := .root.Values -}}
{{- $users := $v.strimzi.users -}}
{{- $password := dict "secret" $v.kafka.passwordSecret.name "key" $v.kafka.passwordSecret.key -}}
{{- $ca := dict "secret" $v.kafka.caSecret.name "key" $v.kafka.caSecret.key -}}
{{- $client := dict "secret" $v.kafka.clientSecret.name "cert" $v.kafka.clientSecret.certKey "key" $v.kafka.clientSecret.keyKey -}}
{{- if $users.enabled -}}
{{- $password = dict "secret" .user "key" "password" -}}
{{- $client = dict "secret" (eq $users.authentication "tls" | ternary .user "") "cert" "user.crt" "key" "user.key" -}}
{{- if not $ca.secret -}}
{{- $ca = dict "secret" (printf "%s-cluster-ca-cert" $v.strimzi.cluster) "key" "ca.crt" -}}
{{- end -}}
{{- else if $v.certManager.enabled -}}
{{- $certificate := .certificate -}}
{{- $client = dict "secret" $certificate "cert" "tls.crt" "key" "tls.key" -}}
{{- if and $v.certManager.trustIssuer (not $ca.secret) -}}
{{- $ca = dict "secret" $certificate "key" "ca.crt" -}}
{{- end -}}
{{- end -}}
{{- $files := dict -}}
{{- if hasPrefix "SASL" $v.kafka.securityProtocol -}}
{{- $_ := set $files "kafka-password" (dict "variable" "KAFKA_PASSWORD_FILE" "secret" $password.secret "key" $password.key) -}}
{{- end -}}
{{- if hasSuffix "SSL" $v.kafka.securityProtocol -}}
{{- $_ := set $files "kafka-ca.crt" (dict "variable" "KAFKA_SSL_CAFILE" "secret" $ca.secret "key" $ca.key) -}}
{{- $_ := set $files "kafka-client.crt" (dict "variable" "KAFKA_SSL_CERTFILE" "secret" $client.secret "key" $client.cert) -}}
{{- $_ := set $files "kafka-client.key" (dict "variable" "KAFKA_SSL_KEYFILE" "secret" $client.secret "key" $client.key) -}}
{{- with $v.kafka.clientSecret.passwordKey -}}
{{- $_ := set $files "kafka-client.password" (dict "variable" "KAFKA_SSL_KEY_PASSWORD_FILE" "secret" $client.secret "key" .) -}}
{{- end -}}
{{- end -}}
{{- toYaml $files -}}
{{- end }}

{{/* Where the files above are mounted. */}}
{{- define "memory-graph.secretsFolder" -}}/run/secrets/memory-graph{{- end }}
