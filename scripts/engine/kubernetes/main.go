// The official Kubernetes provider, built from its Go module where the engine cannot download its plugin.
//
// The module's own main embeds two files that its release makes and the module lacks: the schema and the mapping of Terraform's names. Neither is
// asked for while a program runs.
package main

import "github.com/pulumi/pulumi-kubernetes/provider/v4/pkg/provider"

// Stamped by -ldflags.
var version = "4.0.0"

func main() {
	provider.Serve("kubernetes", version, []byte("{}"), []byte("{}"))
}
