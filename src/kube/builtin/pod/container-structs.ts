/** Containers, field by field; struct/table.ts tells how to read it. @spec Kubernetes core/v1 types */
export const containerStructs = `
ContainerPort
 1 name string
 2 hostPort int32
 3 containerPort int32
 4 protocol string ="TCP"
 5 hostIP string
ConfigMapEnvSource
 1 + LocalObjectReference
 2 optional *bool
SecretEnvSource
 1 + LocalObjectReference
 2 optional *bool
EnvFromSource
 1 prefix string
 2 configMapRef *ConfigMapEnvSource
 3 secretRef *SecretEnvSource
ConfigMapKeySelector atomic
 1 + LocalObjectReference
 2 key string
 3 optional *bool
SecretKeySelector atomic
 1 + LocalObjectReference
 2 key string
 3 optional *bool
FileKeySelector atomic
 1 volumeName string
 2 path string
 3 key string
 4 optional *bool
EnvVarSource
 1 fieldRef *ObjectFieldSelector
 2 resourceFieldRef *ResourceFieldSelector
 3 configMapKeyRef *ConfigMapKeySelector
 4 secretKeyRef *SecretKeySelector
 5 fileKeyRef *FileKeySelector
EnvVar
 1 name string
 2 value string
 3 valueFrom *EnvVarSource
ResourceClaim
 1 name string
 2 request string
ResourceRequirements
 1 limits {}quantity
 2 requests {}quantity
 3 claims []ResourceClaim map:name
ContainerResizePolicy
 1 resourceName string
 2 restartPolicy string
ContainerRestartRuleOnExitCodes
 1 operator string
 2 values []int32 set
ContainerRestartRule
 1 action string
 2 exitCodes *ContainerRestartRuleOnExitCodes
VolumeMount
 1 name string
 2 readOnly bool
 7 recursiveReadOnly *string
 3 mountPath string
 4 subPath string
 5 mountPropagation *string
 6 subPathExpr string
VolumeDevice
 1 name string
 2 devicePath string
ExecAction
 1 command []string atomic
HTTPHeader
 1 name string
 2 value string
HTTPGetAction
 1 path string ="/"
 2 port intOrString
 3 host string
 4 scheme string ="HTTP"
 5 httpHeaders []HTTPHeader atomic
TCPSocketAction
 1 port intOrString
 2 host string
GRPCAction
 1 port int32
 2 service *string
ProbeHandler
 1 exec *ExecAction
 2 httpGet *HTTPGetAction
 3 tcpSocket *TCPSocketAction
 4 grpc *GRPCAction
Probe
 1 + ProbeHandler
 2 initialDelaySeconds int32
 3 timeoutSeconds int32 =1
 4 periodSeconds int32 =10
 5 successThreshold int32 =1
 6 failureThreshold int32 =3
 7 terminationGracePeriodSeconds *int64
SleepAction
 1 seconds int64
LifecycleHandler
 1 exec *ExecAction
 2 httpGet *HTTPGetAction
 3 tcpSocket *TCPSocketAction
 4 sleep *SleepAction
Lifecycle
 1 postStart *LifecycleHandler
 2 preStop *LifecycleHandler
 3 stopSignal *string
Capabilities
 1 add []string atomic
 2 drop []string atomic
SELinuxOptions
 1 user string
 2 role string
 3 type string
 4 level string
WindowsSecurityContextOptions
 1 gmsaCredentialSpecName *string
 2 gmsaCredentialSpec *string
 3 runAsUserName *string
 4 hostProcess *bool
SeccompProfile
 1 type string
 2 localhostProfile *string
AppArmorProfile
 1 type string
 2 localhostProfile *string
SecurityContext
 1 capabilities *Capabilities
 2 privileged *bool
 3 seLinuxOptions *SELinuxOptions
 10 windowsOptions *WindowsSecurityContextOptions
 4 runAsUser *int64
 8 runAsGroup *int64
 5 runAsNonRoot *bool
 6 readOnlyRootFilesystem *bool
 7 allowPrivilegeEscalation *bool
 9 procMount *string
 11 seccompProfile *SeccompProfile
 12 appArmorProfile *AppArmorProfile
Container
 1 name string
 2 image string
 3 command []string atomic
 4 args []string atomic
 5 workingDir string
 6 ports []ContainerPort map:containerPort,protocol merge:containerPort
 19 envFrom []EnvFromSource atomic
 7 env []EnvVar map:name merge:name
 8 resources ResourceRequirements ={}
 23 resizePolicy []ContainerResizePolicy atomic
 24 restartPolicy *string
 25 restartPolicyRules []ContainerRestartRule atomic
 9 volumeMounts []VolumeMount map:mountPath merge:mountPath
 21 volumeDevices []VolumeDevice map:devicePath merge:devicePath
 10 livenessProbe *Probe
 11 readinessProbe *Probe
 22 startupProbe *Probe
 12 lifecycle *Lifecycle
 13 terminationMessagePath string ="/dev/termination-log"
 20 terminationMessagePolicy string ="File"
 14 imagePullPolicy string
 15 securityContext *SecurityContext
 16 stdin bool
 17 stdinOnce bool
 18 tty bool
EphemeralContainer
 1 + Container
 2 targetContainerName string
`;
