using System.Text.Json;

using OrleansDDM.Learning.Serialization;

namespace OrleansDDM.Silos.Embedding;

/// <summary>The file <c>endpoint.json</c> in a run folder: where the silo that runs it can be reached.</summary>
/// <param name="ProcessId">The silo's process.</param>
/// <param name="Token">Tells that process from a later one with the same id.</param>
/// <param name="Gateway">Address and port for clients, e.g. <c>127.0.0.1:30000</c>.</param>
/// <param name="ClusterId">The cluster's id.</param>
/// <param name="ServiceId">The service's id.</param>
/// <param name="Started">When the silo was ready, UTC.</param>
public sealed record EndpointFile(
    int ProcessId, string Token, string Gateway, string ClusterId, string ServiceId, DateTimeOffset Started)
{
    private const string FileName = "endpoint.json";
    private static readonly JsonSerializerOptions Options = new() { PropertyNamingPolicy = JsonNamingPolicy.CamelCase, WriteIndented = true };

    /// <summary>Reads the file of a run folder; null where there is none, where it is unreadable, or where its process is gone.</summary>
    public static EndpointFile? Read(string folder)
    {
        try
        {
            EndpointFile? file = JsonSerializer.Deserialize<EndpointFile>(File.ReadAllBytes(Path.Combine(folder, FileName)), Options);
            return file is { Gateway: not null, ClusterId: not null, ServiceId: not null } && file.IsAlive() ? file : null;
        }
        catch (Exception e) when (e is IOException or JsonException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>Writes the file so that nobody reads half of it.</summary>
    internal void Write(string folder)
    {
        string path = Path.Combine(folder, FileName);
        AtomicFile.Write(path, JsonSerializer.SerializeToUtf8Bytes(this, Options));
    }

    /// <summary>Deletes the file of a run folder.</summary>
    internal static void Delete(string folder) => File.Delete(Path.Combine(folder, FileName));

    private bool IsAlive() => Token is not null && ProcessToken.Of(ProcessId) == Token;
}
