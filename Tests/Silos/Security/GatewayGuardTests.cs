using System.Buffers.Binary;
using System.IO.Pipelines;

using Orleans.Runtime;

using OrleansDDM.Silos.Security.Gateway;

using Xunit;

namespace OrleansDDM.Tests.Silos.Security;

/// <summary>What a hand-made client may send. That a real one may send all it does is for <see cref="SecuredClusterTests"/>.</summary>
public sealed class GatewayGuardTests
{
    private const string Client = "sys.client/0123456789abcdef0123456789abcdef";
    private const string Run = "run/run/r";

    [Theory]
    [InlineData(Client, Run, Frames.Request)]
    [InlineData(Client, Run, Frames.OneWay)]
    [InlineData(Client + "+observer", Run, Frames.Request)]
    [InlineData(Client, "management/0", Frames.Request)]
    [InlineData(Client, "sys.svc.manifest/127.0.0.1:1@1", Frames.Request | Frames.System)]
    public void Calls_of_a_client_pass(string sender, string target, uint flags) => Assert.True(new GatewayRules(Frames.Calls).Passes(Frames.Header(sender, target, flags)));

    [Theory]
    [InlineData(Run, Run, Frames.Request, "is no client")]
    [InlineData("sys.svc.clustering/127.0.0.1:1@1", Run, Frames.Request, "is no client")]
    [InlineData("sys.client/hosted-127.0.0.1:1@1", Run, Frames.Request, "is no client")]
    [InlineData(Client, "sys.svc.silo-control/127.0.0.1:1@1", Frames.Request | Frames.System, "serves silos only")]
    [InlineData(Client, "sys.svc.clustering/127.0.0.1:1@1", Frames.Request, "serves silos only")]
    [InlineData(Client, "sys.svc.user.7.DDM/127.0.0.1:1@1", Frames.Request, "serves silos only")]
    [InlineData(Client, "sys.client/fedcba9876543210fedcba9876543210", Frames.Request, "serves silos only")]
    [InlineData(Client, Run, Frames.Request | Frames.System, "serves silos only")]
    [InlineData(Client, Run, Frames.Request | Frames.CacheInvalidation, "only silos send")]
    [InlineData(Client, Run, 0u, "only silos send")]
    [InlineData(Client, Run, 0x7_0000u, "only silos send")]
    [InlineData(Client, Run, Frames.Request | (1 << 20), "only silos send")] // The body is said to be an answer's.
    public void What_only_silos_send_closes_the_connection(string sender, string target, uint flags, string told) =>
        Assert.Contains(told, Assert.Throws<GatewayException>(() => new GatewayRules(Frames.Calls).Passes(Frames.Header(sender, target, flags))).Message, StringComparison.Ordinal);

    [Fact]
    public void One_connection_is_one_client()
    {
        var rules = new GatewayRules(Frames.Calls);
        Assert.True(rules.Passes(Frames.Header(Client, Run, Frames.Request)));
        Assert.Throws<GatewayException>(() => rules.Passes(Frames.Header("sys.client/fedcba9876543210fedcba9876543210", Run, Frames.Request)));
    }

    [Fact]
    public void Wrong_hash_of_a_grain_id_is_refused()
    {
        // Silos take the hash from the message: with two hashes one key would be two grains.
        byte[] header = Frames.Header(Client, Run, Frames.Request);
        int hash = 4 + 8 + 1;
        header[hash] ^= 1;
        Assert.Contains("cannot be read", Assert.Throws<GatewayException>(() => new GatewayRules(Frames.Calls).Passes(header)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Answers_are_left_out_and_all_else_passes_byte_for_byte()
    {
        byte[] first = Frames.Message(Client, Run, Frames.Request, body: 300_000);
        byte[] answer = Frames.Message(Client, Run, Frames.Response, body: 100);
        byte[] second = Frames.Message(Client, Run, Frames.OneWay, body: 0);
        byte[] sent = [.. Frames.Preamble, .. first, .. answer, .. second];
        foreach (int piece in (int[])[1, 7, 4096, sent.Length])
        {
            (byte[] passed, Exception? fault) = await FilterAsync(sent, piece == 1 ? 997 : piece);
            Assert.Null(fault);
            Assert.Equal([.. Frames.Preamble, .. first, .. second], passed);
        }
    }

    [Theory]
    [InlineData(0, 10)]
    [InlineData(-1, 10)]
    [InlineData(GatewayRules.MaxHeader + 1, 10)]
    [InlineData(100, -1)]
    [InlineData(100, GatewayRules.MaxBody + 1)]
    [InlineData(int.MaxValue, int.MaxValue)]
    public async Task Lengths_out_of_range_end_the_connection_before_anything_is_read(int header, int body)
    {
        byte[] lengths = new byte[8];
        BinaryPrimitives.WriteInt32LittleEndian(lengths, header);
        BinaryPrimitives.WriteInt32LittleEndian(lengths.AsSpan(4), body);
        (byte[] passed, Exception? fault) = await FilterAsync([.. Frames.Preamble, .. lengths, .. new byte[200]], 64);
        Assert.IsType<GatewayException>(fault);
        Assert.Equal(Frames.Preamble, passed);
    }

    [Fact]
    public async Task Something_that_is_no_client_at_all_is_refused() =>
        Assert.IsType<GatewayException>((await FilterAsync("GET / HTTP/1.1\r\n\r\n"u8.ToArray(), 64)).Fault);

    private static async Task<(byte[] Passed, Exception? Fault)> FilterAsync(byte[] sent, int piece)
    {
        var from = new Pipe();
        var to = new Pipe(new PipeOptions(pauseWriterThreshold: 0));
        Task feeding = FeedAsync();
        Exception? fault = await Record.ExceptionAsync(() => GatewayGuard.RunAsync(from.Reader, to.Writer, Frames.Calls, CancellationToken.None));
        await from.Reader.CompleteAsync();
        await feeding;
        await to.Writer.CompleteAsync();
        using var passed = new MemoryStream();
        await to.Reader.CopyToAsync(passed);
        return (passed.ToArray(), fault);

        async Task FeedAsync()
        {
            foreach (byte[] part in sent.Chunk(piece))
            {
                if ((await from.Writer.WriteAsync(part)).IsCompleted)
                {
                    break;
                }
            }

            await from.Writer.CompleteAsync();
        }
    }
}
