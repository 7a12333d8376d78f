using System.Text;

using Orleans.TestingHost;

using OrleansDDM.Contracts.Artifacts;
using OrleansDDM.Contracts.Models;
using OrleansDDM.Contracts.Runs;
using OrleansDDM.Grains.Artifacts;
using OrleansDDM.Silos.Storage;
using OrleansDDM.Tests.House;

using Xunit;

namespace OrleansDDM.Tests.Grains.Artifacts;

/// <summary>Malformed inputs for each entry point that takes names or bytes: none is accepted and none brings anything down.</summary>
public sealed class ArtifactFuzzTests
{
    private readonly Random _random = new(20261123);

    [Fact]
    public async Task Requests_that_break_a_rule_are_refused_by_every_entry_point()
    {
        await using ArtifactCluster cluster = await ArtifactCluster.StartAsync(new FakeRuntime(), silos: 1);
        InProcessSiloHandle silo = cluster.Cluster.Silos[0];
        ArtifactReference stored = cluster.Service<IArtifactStore>(silo).Put("kept"u8.ToArray());
        IArtifactHost host = cluster.Service<IArtifactHostClient>(silo).On(silo.SiloAddress);
        string outside = Path.Combine(cluster.FolderOf(silo.Name), "outside");
        File.WriteAllText(outside, "mine");
        Func<string, Task>[] byName =
        [
            name => host.HasAsync([stored.Sha256, name]),
            name => host.ReadAsync(name, 0, 1),
            name => host.VerifyAsync(name),
            name => host.PullAsync(new ArtifactReference(name, 4)),
            name => host.DropAsync([stored.Sha256, name]),
            name => cluster.Artifacts.ReadAsync(name, 0, 1),
            name => cluster.Artifacts.VerifyAsync(name),
            name => cluster.Artifacts.CountAsync([name]),
        ];
        foreach (Func<string, Task> entry in byName)
        {
            await RefusedAsync(_ => entry(BadName(stored.Sha256)));
        }

        await RefusedAsync(_ => host.ForgetRunAsync(BadRun()));
        await RefusedAsync(i => host.ReadAsync(stored.Sha256, i % 2 == 0 ? -1 - _random.NextInt64(long.MaxValue) : 0, i % 2 == 0 ? 1 : BadCount()));
        await RefusedAsync(i => cluster.Artifacts.ReadAsync(stored.Sha256, i % 2 == 0 ? -1 - _random.NextInt64(long.MaxValue) : 0, i % 2 == 0 ? 1 : BadCount()));
        await RefusedAsync(i => host.PullAsync(stored with { Bytes = i % 2 == 0 ? -1 - _random.NextInt64(long.MaxValue) : (9L << 30) + _random.NextInt64(1L << 60) }));
        await Assert.ThrowsAsync<BadRequestException>(() => host.HasAsync([.. Enumerable.Repeat(stored.Sha256, IArtifactHost.MaxNames + 1)]));
        await Assert.ThrowsAsync<BadRequestException>(() => host.DropAsync(null!));

        // It still serves, and what it had is untouched.
        Assert.Equal("kept"u8.ToArray(), await host.ReadAsync(stored.Sha256, 0, 100));
        Assert.Equal("mine", File.ReadAllText(outside));
    }

    [Fact]
    public async Task Bytes_of_a_lying_silo_are_never_accepted()
    {
        using var silos = new FakeSilos(2);
        byte[] bytes = new byte[300];
        for (int i = 0; i < FuzzInputs.Count; i++)
        {
            _random.NextBytes(bytes);
            ArtifactReference reference = silos[1].Store.Put(bytes);
            silos[1].AlwaysGood = true;
            silos[1].Piece = (_, piece) => Mangle(piece);
            await Assert.ThrowsAsync<ArtifactException>(() => silos[0].Exchange.FetchAsync(reference));
            Assert.Empty(silos[0].Store.List());
        }

        Assert.Empty(Directory.GetFiles(silos[0].Folder, "*", SearchOption.AllDirectories));
    }

    [Fact]
    public void Mangled_index_lines_are_passed_over_and_good_ones_stay()
    {
        using var folder = new RunFolder();
        var index = new CheckpointIndex(folder);
        var good = new CheckpointRecord("spec", 7, 1, new string('a', 64), 10, null);
        index.Append("r", "router", good);
        string path = folder.File("checkpoints/r/router.jsonl");
        byte[] line = File.ReadAllBytes(path)[..^1];
        var lines = new List<byte[]> { line };
        for (int i = 0; i < FuzzInputs.Count; i++)
        {
            // One byte of the name: whatever it becomes, it is no name any more.
            byte[] bad = [.. line];
            bad[Encoding.UTF8.GetString(line).IndexOf("aaaa", StringComparison.Ordinal) + _random.Next(64)] = (byte)_random.Next('g', 256);
            lines.Add(i % 2 == 0 ? bad : line[.._random.Next(line.Length)]);
        }

        File.WriteAllBytes(path, [.. lines.SelectMany(l => l.Where(b => b is not ((byte)'\n' or (byte)'\r')).Append((byte)'\n'))]);
        Assert.Equal([good], index.Read("r", "router"));
    }

    [Fact]
    public void Only_names_are_found_in_stored_states()
    {
        HashSet<string> found = [];
        string name = new('a', 64);
        ArtifactNamesIn.Add(Encoding.UTF8.GetBytes($$"""{"a":"{{name}}","b":"{{name}}0","c":"{{name[1..]}}","d":"{{name.ToUpperInvariant()}}"}"""), found);
        Assert.Equal([name], found);
        found.Clear();
        ArtifactNamesIn.Add(Encoding.UTF8.GetBytes(new string('0', 64)), found);
        Assert.Single(found);
    }

    private static async Task RefusedAsync(Func<int, Task> request)
    {
        for (int from = 0; from < FuzzInputs.Count; from += 50)
        {
            await Task.WhenAll(Enumerable.Range(from, Math.Min(50, FuzzInputs.Count - from)).Select(async i =>
            {
                Exception? e = await Record.ExceptionAsync(() => request(i));
                Assert.True(e is BadRequestException, $"Request {i} ended with {e}");
            }));
        }
    }

    private byte[] Mangle(byte[] piece)
    {
        switch (_random.Next(5))
        {
            case 0:
                return [];
            case 1:
                return piece[..^1];
            case 2:
                return [.. piece, 0];
            case 3:
                byte[] noise = new byte[_random.Next(2 * piece.Length)];
                _random.NextBytes(noise);
                return noise;
            default:
                byte[] flipped = [.. piece];
                flipped[_random.Next(piece.Length)] ^= (byte)(1 << _random.Next(8));
                return flipped;
        }
    }

    private string BadName(string good)
    {
        switch (_random.Next(6))
        {
            case 0:
                return null!;
            case 1:
                return good[_random.Next(1, 64)..];
            case 2:
                return good + good[.._random.Next(1, 64)];
            case 3:
                return good.ToUpperInvariant() is { } upper && upper != good ? upper : "X";
            case 4:
                return "../" + good[..61];
            default:
                char[] chars = good.ToCharArray();
                chars[_random.Next(64)] = (char)_random.Next('g', 0xd800);
                return new string(chars);
        }
    }

    private string BadRun() => _random.Next(5) switch
    {
        0 => null!,
        1 => "..",
        2 => "../" + _random.Next(),
        3 => new string('a', _random.Next(129, 300)),
        _ => "a" + (char)_random.Next(0x100, 0xd800),
    };

    private int BadCount() => _random.Next(2) == 0 ? -_random.Next() : IArtifactHost.MaxChunk + 1 + _random.Next(1 << 20);
}
