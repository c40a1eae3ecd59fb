"""``charloom completion``: what a shell needs to complete the command's words."""

import click


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def completion(ctx: click.Context, shell: str) -> None:
    """Print the script that makes a shell complete `charloom`.

    For bash: charloom completion bash > ~/.local/share/bash-completion/completions/charloom
    """
    from click.shell_completion import get_completion_class

    found = get_completion_class(shell)
    if found is None:
        raise click.UsageError(f"{shell} is no shell that can be completed for")
    complete = found(ctx.find_root().command, {}, "charloom", "_CHARLOOM_COMPLETE")
    # Not `source`, which runs bash to look at its version: the script is for whoever reads it.
    click.echo(complete.source_template % complete.source_vars())
