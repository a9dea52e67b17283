{{- define "gristmill.labels" -}}
app.kubernetes.io/name: gristmill
app.kubernetes.io/instance: {{ .top.Release.Name }}
app.kubernetes.io/component: {{ .component }}
{{- end }}

{{- define "gristmill.selector" -}}
app.kubernetes.io/instance: {{ .top.Release.Name }}
app.kubernetes.io/component: {{ .component }}
{{- end }}

{{/* Every pod of the platform is shut in the same way as those of its people. */}}
{{- define "gristmill.podSecurity" -}}
runAsNonRoot: true
runAsUser: {{ .user | default 1000 }}
runAsGroup: {{ .user | default 1000 }}
fsGroup: {{ .user | default 1000 }}
fsGroupChangePolicy: OnRootMismatch
seccompProfile: { type: RuntimeDefault }
{{- end }}

{{- define "gristmill.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: { drop: [ALL] }
{{- end }}

{{- define "gristmill.claim" -}}
apiVersion: v1
kind: PersistentVolumeClaim
metadata:
  name: {{ .name }}
  labels: {{- include "gristmill.labels" (dict "top" .top "component" .component) | nindent 4 }}
  annotations: { "helm.sh/resource-policy": keep } # what people made outlives the release
spec:
  {{- $shared := .top.Values.sharedVolumes }}
  accessModes: [{{ if .shared }}{{ $shared.accessMode }}{{ else }}ReadWriteOnce{{ end }}]
  {{- with (and .shared $shared.storageClass) | default .top.Values.storageClass }}
  storageClassName: {{ . }}
  {{- end }}
  resources: { requests: { storage: {{ .size }} } }
{{- end }}

{{/* A value of the secret: the one that is there already, else the given one, else a new one. */}}
{{- define "gristmill.kept" -}}
{{- $there := (lookup "v1" "Secret" .top.Release.Namespace "gristmill").data | default dict -}}
{{- if hasKey $there .key }}{{ index $there .key }}{{ else }}{{ .value | b64enc }}{{ end -}}
{{- end }}

{{- define "gristmill.database" -}}
postgresql+psycopg://gristmill:$(POSTGRES_PASSWORD)@postgresql.{{ .Release.Namespace }}.svc:5432
{{- end }}

{{- define "gristmill.password" -}}
- name: POSTGRES_PASSWORD
  valueFrom: { secretKeyRef: { name: gristmill, key: postgres-password } }
{{- end }}

{{/* Of a container that waits for the database. */}}
{{- define "gristmill.waitResources" -}}
resources: { requests: { cpu: 50m, memory: 128Mi }, limits: { memory: 512Mi } }
{{- end }}

{{/* What needs the database waits for it: no pod ends and is started again until it is there. */}}
{{- define "gristmill.untilDatabase" -}}
- name: database
  image: {{ .Values.images.controlPlane }}
  imagePullPolicy: {{ .Values.images.pullPolicy }}
  command: [python, -P, -m, gristmill.server.database, status, --wait]
  env:
    {{- include "gristmill.password" . | nindent 4 }}
    - { name: GRISTMILL_DATABASE_URL, value: "{{ include "gristmill.database" . }}/gristmill" }
  {{- include "gristmill.waitResources" . | nindent 2 }}
  securityContext: {{- include "gristmill.containerSecurity" . | nindent 4 }}
{{- end }}
