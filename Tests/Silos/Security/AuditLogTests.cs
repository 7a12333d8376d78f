using System.Text.Json;

using Microsoft.Extensions.Logging.Abstractions;

using OrleansDDM.Silos.Security.Access;
using OrleansDDM.Tests.Grains;
using OrleansDDM.Tests.House;

using Xunit;

namespace OrleansDDM.Tests.Silos.Security;

public sealed class AuditLogTests : IDisposable
{
    private readonly RunFolder _folder = new();
    private readonly ManualClock _clock = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Entry_is_one_line_of_json_that_its_owner_alone_can_read()
    {
        string path = _folder.File("audit/a.jsonl");
        await using (AuditLog log = Log(path))
        {
            log.Write(new AuditEntry("ann", "observer", "sys.client/1", "IRunGrain.SubmitAsync", "run/r\n{}", false, "may \"not\""));
        }

        JsonElement entry = JsonDocument.Parse(Assert.Single(await File.ReadAllLinesAsync(path))).RootElement;
        Assert.Equal(
            ("2030-01-02T03:04:05+00:00", "s", "ann", "observer", "run/r\n{}", false),
            (entry.GetProperty("time").GetString(), entry.GetProperty("silo").GetString(), entry.GetProperty("caller").GetString(), entry.GetProperty("role").GetString(), entry.GetProperty("target").GetString(), entry.GetProperty("allowed").GetBoolean()));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(path));
    }

    [Fact]
    public async Task Size_is_bounded_and_the_newest_entries_stay()
    {
        string path = _folder.File("a.jsonl");
        const int entries = 3000;
        await using (AuditLog log = Log(path, maxBytes: 20_000))
        {
            for (int i = 0; i < entries; i++)
            {
                log.Write(new AuditEntry(null, null, "1.2.3.4", new string('x', 5000), null, false, $"{i}"));
            }
        }

        string[] files = Directory.GetFiles(_folder, "a.jsonl*");
        Assert.Equal(4, files.Length);
        Assert.All(files, f => Assert.InRange(new FileInfo(f).Length, 1, 20_000 + 2_000));
        Assert.Contains($"\"reason\":\"{entries - 1}\"", (await File.ReadAllLinesAsync(path))[^1], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Place_that_cannot_be_written_stops_nobody()
    {
        await File.WriteAllTextAsync(_folder.File("file"), "in the way");
        await using AuditLog log = Log(_folder.File("file/a.jsonl"));
        log.Write(new AuditEntry(null, null, "x", "y", null, false, null));
    }

    private AuditLog Log(string path, long maxBytes = 1 << 20) =>
        new(new AuditOptions { Path = path, Silo = "s", MaxBytes = maxBytes, Files = 4 }, _clock, NullLogger<AuditLog>.Instance);
}
