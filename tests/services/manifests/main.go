// Reads Kubernetes manifests into Kubernetes' own types, strictly: an unknown field, a wrong type or an unknown kind is an
// error. So is a pod that the admission of Pod Security would not let into a namespace of the level `restricted`. Prints a
// line for each object: its kind and name.
package main

import (
	"bytes"
	"fmt"
	"os"

	apps "k8s.io/api/apps/v1"
	core "k8s.io/api/core/v1"
	networking "k8s.io/api/networking/v1"
	policy "k8s.io/api/policy/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	admission "k8s.io/pod-security-admission/api"
	security "k8s.io/pod-security-admission/policy"
	"sigs.k8s.io/yaml"
)

var kinds = map[string]func() any{
	"v1 Namespace":                       func() any { return &core.Namespace{} },
	"v1 ConfigMap":                       func() any { return &core.ConfigMap{} },
	"v1 Service":                         func() any { return &core.Service{} },
	"apps/v1 Deployment":                 func() any { return &apps.Deployment{} },
	"apps/v1 StatefulSet":                func() any { return &apps.StatefulSet{} },
	"networking.k8s.io/v1 NetworkPolicy": func() any { return &networking.NetworkPolicy{} },
	"policy/v1 PodDisruptionBudget":      func() any { return &policy.PodDisruptionBudget{} },
}

func main() {
	failed := false
	for _, file := range os.Args[1:] {
		text, err := os.ReadFile(file)
		if err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		for _, document := range bytes.Split(text, []byte("\n---\n")) {
			if err := read(document); err != nil {
				fmt.Printf("%s: %v\n", file, err)
				failed = true
			}
		}
	}
	if failed {
		os.Exit(1)
	}
}

func read(document []byte) error {
	var head struct {
		meta.TypeMeta   `json:",inline"`
		meta.ObjectMeta `json:"metadata"`
	}
	if err := yaml.Unmarshal(document, &head); err != nil {
		return err
	}
	kind := head.APIVersion + " " + head.Kind
	newObject, known := kinds[kind]
	if !known {
		return fmt.Errorf("%q is not a kind this program knows", kind)
	}
	object := newObject()
	err := yaml.UnmarshalStrict(document, object)
	if err == nil {
		err = admit(object)
	}
	if err != nil {
		return fmt.Errorf("%s %s: %w", kind, head.Name, err)
	}
	fmt.Println(head.Kind, head.Name)
	return nil
}

// admit judges the pods that an object makes, if it makes any.
func admit(object any) error {
	var pod *core.PodTemplateSpec
	switch made := object.(type) {
	case *apps.Deployment:
		pod = &made.Spec.Template
	case *apps.StatefulSet:
		pod = &made.Spec.Template
	default:
		return nil
	}
	evaluator, err := security.NewEvaluator(security.DefaultChecks())
	if err != nil {
		return err
	}
	level := admission.LevelVersion{Level: admission.LevelRestricted, Version: admission.LatestVersion()}
	verdict := security.AggregateCheckResults(evaluator.EvaluatePod(level, &pod.ObjectMeta, &pod.Spec))
	if !verdict.Allowed {
		return fmt.Errorf("not restricted: %s", verdict.ForbiddenDetail())
	}
	return nil
}
