package sidecar_test

import (
	"errors"
	"io"
	"os"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"scimbridge/config"
)

// TestManifests holds what compose.yaml and kubernetes.yaml say of the configuration to it: a variable that names no key, or says what
// contradicts the file, is a fault. The secrets are not there.
func TestManifests(t *testing.T) {
	for _, file := range []string{"compose.yaml", "kubernetes.yaml"} {
		environ := environment(t, file)
		if len(environ) < 8 {
			t.Fatalf("%s has %d variables", file, len(environ))
		}
		_, faults, err := config.Read("../openldap/scimbridge.yaml", environ)
		if err != nil {
			t.Error(file, err)
		}
		for _, fault := range faults {
			if !fault.Absent {
				t.Errorf("%s: %v", file, fault)
			}
		}
	}
}

// environment returns the container scimbridge's.
func environment(t *testing.T, file string) (environ []string) {
	t.Helper()
	content, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer content.Close()
	for documents := yaml.NewDecoder(content); ; {
		var d struct {
			Services map[string]struct{ Environment map[string]string }
			Spec     struct {
				Template struct {
					Spec struct {
						Containers []struct {
							Name string
							Env  []struct{ Name, Value string }
						}
					}
				}
			}
		}
		if err := documents.Decode(&d); errors.Is(err, io.EOF) {
			return environ
		} else if err != nil {
			t.Log(file, err) // another kind of object, of other types
		}
		for name, value := range d.Services["scimbridge"].Environment {
			environ = append(environ, name+"="+value)
		}
		for _, c := range d.Spec.Template.Spec.Containers {
			for _, v := range c.Env {
				if c.Name == "scimbridge" && strings.HasPrefix(v.Name, "SCIMBRIDGE_") {
					environ = append(environ, v.Name+"="+v.Value)
				}
			}
		}
	}
}
