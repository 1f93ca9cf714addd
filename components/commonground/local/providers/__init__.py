"""The stand-ins: Pulumi providers of ours that take the official providers' places on loopback, in one process of their own."""
