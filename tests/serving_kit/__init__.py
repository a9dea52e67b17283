"""What the serving tests share: real models, an endpoint in this process, a control plane that they command."""
