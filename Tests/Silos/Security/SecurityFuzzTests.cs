using System.IO.Pipelines;
using System.Text;

using OrleansDDM.Contracts.Runs;
using OrleansDDM.Contracts.Security;
using OrleansDDM.Grains.Artifacts;
using OrleansDDM.Protocols.Machines;
using OrleansDDM.Protocols.Messages;
using OrleansDDM.Protocols.Rounds;
using OrleansDDM.Silos.Security.Gateway;
using OrleansDDM.Silos.Security.Tokens;
using OrleansDDM.Specs;
using OrleansDDM.Tests.House;

using Xunit;

namespace OrleansDDM.Tests.Silos.Security;

/// <summary>
/// Entry points that take bytes of any origin. Nothing but the named exception comes out, nothing wrong is let in, and no input makes them
/// allocate more than a fixed amount.
/// </summary>
public sealed class SecurityFuzzTests
{
    private const string Client = "sys.client/0123456789abcdef0123456789abcdef";

    private static readonly byte[][] Words =
    [
        .. new[] { "ddm1:", ":", "admin", "::", "-1", "99999999999", "0", "=", "\0", "\u00e9", "sys.svc.", "sys.client", "hosted-", "{", "}", "[", "]", "\"", "\\ud800", "1e999", "null", "NaN", "\"steps\":", "," }
            .Select(Encoding.UTF8.GetBytes),
        [0xFF, 0xFF, 0xFF, 0xFF], [0x80, 0, 0, 0], [0xFF, 0xFF, 0xFF, 0x7F],
    ];

    [Fact]
    public void No_mutant_of_a_token_is_believed()
    {
        using var key = TokenKey.Generate();
        var clock = new ManualClock();
        using var verifier = new TokenVerifier([key], clock, TimeSpan.FromDays(1));
        string token = key.Issue(Roles.Observer, "ann", TimeSpan.FromHours(8), clock.GetUtcNow());
        int accepted = 0;
        Run(Encoding.UTF8.GetBytes(token), 64 * 1024, mutant =>
        {
            string text = Encoding.UTF8.GetString(mutant);
            accepted += text != token && verifier.TryVerify(text, out _, out _) ? 1 : 0;
            Token.Read(text);
        });
        Assert.Equal(0, accepted);
    }

    [Fact]
    public void No_mutant_of_a_messages_header_passes_as_something_else()
    {
        foreach (byte[] seed in (byte[][])[
            Frames.Header("run/run/r", "run/run/r", Frames.Request),
            Frames.Header(Client, "sys.svc.silo-control/127.0.0.1:1@1", Frames.Request),
            Frames.Header("sys.client/hosted-127.0.0.1:1@1", "run/run/r", Frames.Request)])
        {
            int accepted = 0;
            Run(seed, 256 * 1024, mutant =>
            {
                try
                {
                    // What passes is from a client and for a grain: texts that cannot come about by accident, as each carries its hash.
                    if (new GatewayRules(Frames.Calls).Passes(mutant))
                    {
                        GatewayFrame frame = GatewayFrame.Read(mutant)!.Value;
                        accepted += frame.Sender.Type.ToString() == "sys.client" && !frame.Sender.Key.ToString()!.StartsWith("hosted-", StringComparison.Ordinal)
                            && !frame.Target.Type.ToString()!.StartsWith("sys.", StringComparison.Ordinal) ? 0 : 1;
                    }
                }
                catch (GatewayException)
                {
                    // Refused.
                }
            });
            Assert.Equal(0, accepted);
        }
    }

    [Fact]
    public async Task Streams_of_mutants_end_the_connection_in_order()
    {
        byte[] seed = [.. Frames.Preamble, .. Frames.Message(Client, "run/run/r", Frames.Request, 100), .. Frames.Message(Client, "run/run/r", Frames.OneWay, 10)];
        var random = new Random(4);
        for (int i = 0; i < FuzzInputs.Count; i++)
        {
            byte[] mutant = FuzzInputs.Mutate(seed, random, Words);
            var from = new Pipe();
            var to = new Pipe(new PipeOptions(pauseWriterThreshold: 0));
            await from.Writer.WriteAsync(mutant);
            await from.Writer.CompleteAsync();
            long before = GC.GetAllocatedBytesForCurrentThread();
            Task guarded = GatewayGuard.RunAsync(from.Reader, to.Writer, Frames.Calls, CancellationToken.None);
            long allocated = GC.GetAllocatedBytesForCurrentThread() - before;
            Assert.True(guarded.IsCompleted); // All is there, so it has run on this thread.
            Assert.InRange(allocated, 0, 256 * 1024);
            Exception? fault = await Record.ExceptionAsync(() => guarded);
            Assert.True(fault is null or GatewayException, fault?.ToString());
            await to.Writer.CompleteAsync();
            using var passed = new MemoryStream();
            await to.Reader.CopyToAsync(passed);
            Assert.InRange(passed.Length, 0, mutant.Length);
        }
    }

    [Fact]
    public void Mutants_of_a_spec_give_a_valid_spec_or_the_specs_exception() =>
        Run(Encoding.UTF8.GetBytes(SpecJson.Write(new RunSpec { Name = "r" })), 4 << 20, mutant =>
        {
            try
            {
                RunSpec spec = SpecJson.Read(Encoding.UTF8.GetString(mutant));
                Assert.Equal(SpecJson.Hash(spec), SpecJson.Hash(SpecJson.Read(SpecJson.Canonical(spec))));
            }
            catch (SpecException)
            {
                // Refused.
            }
        });

    [Fact]
    public void No_mutant_of_a_protocols_frame_is_read()
    {
        var codec = new MessageCodec(ProtocolCatalog.Create("gossip"));
        byte[] seed = new byte[MessageCodec.HeaderBytes + 64];
        new Random(1).NextBytes(seed);
        seed[0] = 0xDD;
        seed[1] = MessageCodec.Version;
        int accepted = 0;
        Run(seed, 64 * 1024, mutant =>
        {
            // The seed's checksum is wrong, so each mutant would need the right one by accident.
            accepted += codec.TryDecode(mutant, out _, out _) ? 1 : 0;
        });
        Assert.Equal(0, accepted);
    }

    [Fact]
    public void Only_hashes_name_artifacts()
    {
        string name = new('a', 64);
        Run(Encoding.UTF8.GetBytes(name), 64 * 1024, mutant =>
        {
            string text = Encoding.UTF8.GetString(mutant);
            bool refused = Record.Exception(() => ArtifactRequests.Piece(text, 0, 1)) is BadRequestException;
            Assert.NotEqual(text.Length == 64 && text.All(char.IsAsciiHexDigitLower), refused);
        });
    }

    private static void Run(byte[] seed, long mostBytes, Action<byte[]> take)
    {
        take(seed); // What is allocated once is not counted.
        var random = new Random(3);
        for (int i = 0; i < FuzzInputs.Count; i++)
        {
            byte[] mutant = FuzzInputs.Mutate(seed, random, Words);
            long before = GC.GetAllocatedBytesForCurrentThread();
            take(mutant);
            Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, mostBytes);
        }
    }
}
