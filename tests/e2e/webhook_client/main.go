// Admission as a cluster's API server does it: with its own code, k8s.io/apiserver, as far as webhooks go.
//
//	webhook_client -configuration FILE -webhooks FILE -address HOST:PORT -namespaces NAME[,NAME...]
//
// FILE of -configuration is what kube-apiserver takes as --admission-control-config-file, and that of -webhooks has the
// Mutating- and ValidatingWebhookConfiguration objects; both are read strictly. HOST:PORT is where the cluster's network
// leads to when a webhook names a service. Every line of standard input is one request:
//
//	{"operation": "CREATE", "resource": "deployments", "subresource": "", "dryRun": false, "object": {...}, "oldObject": {...} or null}
//
// and the line that answers it says what a client would have got: the object as it would be stored after all patches, or what kubectl would print.
//
//	{"allowed": true, "object": {...}} or {"allowed": false, "code": 403, "reason": "Forbidden", "message": "admission webhook ..."}
package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/url"
	"os"
	"reflect"
	"strings"
	"time"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"k8s.io/apimachinery/pkg/util/yaml"
	"k8s.io/apiserver/pkg/admission"
	"k8s.io/apiserver/pkg/admission/initializer"
	"k8s.io/apiserver/pkg/admission/plugin/webhook/mutating"
	"k8s.io/apiserver/pkg/admission/plugin/webhook/validating"
	apiserverapi "k8s.io/apiserver/pkg/apis/apiserver"
	apiserverv1 "k8s.io/apiserver/pkg/apis/apiserver/v1"
	"k8s.io/apiserver/pkg/authentication/user"
	utilfeature "k8s.io/apiserver/pkg/util/feature"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes/fake"
	"k8s.io/client-go/kubernetes/scheme"
)

type request struct {
	Operation   admission.Operation `json:"operation"`
	Resource    string              `json:"resource"`
	Subresource string              `json:"subresource"`
	DryRun      bool                `json:"dryRun"`
	Object      json.RawMessage     `json:"object"`
	OldObject   json.RawMessage     `json:"oldObject"`
}

type answer struct {
	Allowed bool                `json:"allowed"`
	Object  runtime.Object      `json:"object,omitempty"`
	Code    int32               `json:"code,omitempty"`
	Reason  metav1.StatusReason `json:"reason,omitempty"`
	Message string              `json:"message,omitempty"`
}

// network is how the cluster's services are reached: all of them at one address.
type network string

func (n network) ResolveEndpoint(namespace, name string, port int32) (*url.URL, error) {
	return &url.URL{Scheme: "https", Host: string(n)}, nil
}

// wiring hands the plugins what kube-apiserver's own initializer does.
type wiring struct{ network }

func (w wiring) Initialize(plugin admission.Interface) {
	switch p := plugin.(type) {
	case *mutating.Plugin:
		p.SetServiceResolver(w.network)
	case *validating.Plugin:
		p.SetServiceResolver(w.network)
	}
}

// webhooks reads every object of a YAML file, and knows no field that the API does not.
func webhooks(path string) ([]runtime.Object, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	decoder := serializer.NewCodecFactory(scheme.Scheme, serializer.EnableStrict).UniversalDeserializer()
	documents := yaml.NewYAMLReader(bufio.NewReader(file))
	var found []runtime.Object
	for {
		document, err := documents.Read()
		if errors.Is(err, io.EOF) {
			return found, nil
		}
		if err != nil {
			return nil, err
		}
		object, _, err := decoder.Decode(document, nil, nil)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		// What the API server sets where a file is silent (k8s.io/kubernetes, which is no module for others): without a
		// selector all objects are meant; the code here takes none for no object.
		switch configuration := object.(type) {
		case *admissionregistrationv1.MutatingWebhookConfiguration:
			for i := range configuration.Webhooks {
				if configuration.Webhooks[i].ObjectSelector == nil {
					configuration.Webhooks[i].ObjectSelector = &metav1.LabelSelector{}
				}
			}
		case *admissionregistrationv1.ValidatingWebhookConfiguration:
			for i := range configuration.Webhooks {
				if configuration.Webhooks[i].ObjectSelector == nil {
					configuration.Webhooks[i].ObjectSelector = &metav1.LabelSelector{}
				}
			}
		default:
			return nil, fmt.Errorf("%s: expected webhook configurations, found %T", path, object)
		}
		found = append(found, object)
	}
}

// interfaces are those of a scheme whose objects have no internal form: what is to be converted is the same type.
type interfaces struct{ admission.ObjectInterfaces }

func (i interfaces) GetObjectConvertor() runtime.ObjectConvertor {
	return sameType{i.ObjectInterfaces.GetObjectConvertor()}
}

type sameType struct{ runtime.ObjectConvertor }

func (s sameType) Convert(in, out, scope interface{}) error {
	if reflect.TypeOf(in) != reflect.TypeOf(out) {
		return s.ObjectConvertor.Convert(in, out, scope)
	}
	reflect.ValueOf(out).Elem().Set(reflect.ValueOf(in.(runtime.Object).DeepCopyObject()).Elem())
	return nil
}

func object(raw json.RawMessage) (runtime.Object, *schema.GroupVersionKind, error) {
	if len(raw) == 0 || bytes.Equal(raw, []byte("null")) {
		return nil, nil, nil
	}
	return serializer.NewCodecFactory(scheme.Scheme, serializer.EnableStrict).UniversalDeserializer().Decode(raw, nil, nil)
}

// ask is the path of a request through admission: all that mutates first, then all that validates.
func ask(chain admission.Interface, r request) (*answer, error) {
	made, kind, err := object(r.Object)
	if err != nil {
		return nil, err
	}
	old, _, err := object(r.OldObject)
	if err != nil {
		return nil, err
	}
	named, err := meta.Accessor(made)
	if err != nil {
		return nil, err
	}
	resource := schema.GroupVersionResource{Group: kind.Group, Version: kind.Version, Resource: r.Resource}
	var options runtime.Object = &metav1.CreateOptions{}
	if r.Operation == admission.Update {
		options = &metav1.UpdateOptions{}
	}
	attributes := admission.NewAttributesRecord(made, old, *kind, named.GetNamespace(), named.GetName(), resource, r.Subresource, r.Operation,
		options, r.DryRun, &user.DefaultInfo{Name: "alice", Groups: []string{"system:authenticated"}})
	known := interfaces{admission.NewObjectInterfacesFromScheme(scheme.Scheme)}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	err = chain.(admission.MutationInterface).Admit(ctx, attributes, known)
	if err == nil {
		err = chain.(admission.ValidationInterface).Validate(ctx, attributes, known)
	}
	if err == nil {
		return &answer{Allowed: true, Object: made}, nil
	}
	var status apierrors.APIStatus
	if !errors.As(err, &status) {
		return nil, err
	}
	s := status.Status()
	return &answer{Code: s.Code, Reason: s.Reason, Message: s.Message}, nil
}

func start(configuration, hooks, address string, namespaces []string) (admission.Interface, error) {
	objects, err := webhooks(hooks)
	if err != nil {
		return nil, err
	}
	for _, name := range namespaces {
		objects = append(objects, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{
			Name: name, Labels: map[string]string{corev1.LabelMetadataName: name}}})
	}
	configurations := runtime.NewScheme()
	if err := errors.Join(apiserverapi.AddToScheme(configurations), apiserverv1.AddToScheme(configurations)); err != nil {
		return nil, err
	}
	names := []string{mutating.PluginName, validating.PluginName}
	config, err := admission.ReadAdmissionConfiguration(names, configuration, configurations)
	if err != nil {
		return nil, err
	}
	plugins := admission.NewPlugins()
	mutating.Register(plugins)
	validating.Register(plugins)
	client := fake.NewClientset(objects...)
	factory := informers.NewSharedInformerFactory(client, 0)
	never := make(chan struct{})
	common := initializer.New(client, nil, factory, nil, utilfeature.DefaultFeatureGate, nil, never, nil)
	chain, err := plugins.NewFromPlugins(names, config, admission.PluginInitializers{common, wiring{network(address)}}, admission.Decorators{})
	if err != nil {
		return nil, err
	}
	factory.Start(never)
	factory.WaitForCacheSync(never)
	return chain, nil
}

func main() {
	configuration := flag.String("configuration", "", "file with the AdmissionConfiguration")
	hooks := flag.String("webhooks", "", "file with the webhooks' configurations")
	address := flag.String("address", "", "HOST:PORT of every service")
	namespaces := flag.String("namespaces", "default", "the cluster's namespaces")
	flag.Parse()
	chain, err := start(*configuration, *hooks, *address, strings.Split(*namespaces, ","))
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 4<<20)
	out := json.NewEncoder(os.Stdout)
	for lines.Scan() {
		var r request
		if err := json.Unmarshal(lines.Bytes(), &r); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		a, err := ask(chain, r)
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		if err := out.Encode(a); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
}
