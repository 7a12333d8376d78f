using System.Text.Json;

namespace OrleansDDM.Tests.Client;

/// <summary>How a <c>ddm</c> process ended.</summary>
internal sealed record DdmResult(int ExitCode, string Output, string Error)
{
    public JsonElement Json => JsonDocument.Parse(Output).RootElement;

    public override string ToString() => $"exit code {ExitCode}\n--- stdout\n{Output}\n--- stderr\n{Error}";
}
