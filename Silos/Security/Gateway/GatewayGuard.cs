using System.Buffers;
using System.Buffers.Binary;
using System.IO.Pipelines;

using Microsoft.AspNetCore.Connections;

using OrleansDDM.Silos.Security.Access;

namespace OrleansDDM.Silos.Security.Gateway;

/// <summary>
/// Reads what clients send before Orleans does, message by message, and passes on what the <see cref="GatewayRules"/> let pass; a connection that
/// breaks them, or does not greet in time, is closed and written to the audit log. Memory per connection is bounded by
/// one message and the pipe's window.
/// </summary>
internal sealed class GatewayGuard(Gatekeeper gatekeeper, GatewayCalls calls, TimeProvider clock)
{
    /// <summary>Longest time for the greeting.</summary>
    public static readonly TimeSpan GreetingLimit = TimeSpan.FromSeconds(10);

    private const int MaxPreamble = 1024;
    private const int MostAtOnce = 64 * 1024;
    private const byte TlsHandshake = 22;

    /// <summary>The connection middleware.</summary>
    public ConnectionDelegate Use(ConnectionDelegate next) => async context =>
    {
        IDuplexPipe outer = context.Transport;
        var inner = new Pipe();
        using var end = new CancellationTokenSource();
        Task pump = PumpAsync(outer.Input, inner.Writer, context.RemoteEndPoint?.ToString() ?? "?", end.Token);
        context.Transport = new Duplex(inner.Reader, outer.Output);
        try
        {
            await next(context);
        }
        finally
        {
            context.Transport = outer;
            await end.CancelAsync();
            await inner.Reader.CompleteAsync();
            await pump;
        }
    };

    private async Task PumpAsync(PipeReader from, PipeWriter to, string remote, CancellationToken end)
    {
        Exception? fault = null;
        try
        {
            await RunAsync(from, to, calls, end, clock);
        }
        catch (GatewayException e)
        {
            gatekeeper.Note(new AuditEntry(null, null, remote, "connection to the gateway", null, Allowed: false, e.Message));
            fault = e;
        }
        catch (Exception e)
        {
            fault = e; // The connection broke; Orleans hears it from the pipe.
        }

        await to.CompleteAsync(fault);
    }

    /// <summary>Passes the greeting and all messages that may pass, until one side ends.</summary>
    internal static async Task RunAsync(PipeReader from, PipeWriter to, GatewayCalls calls, CancellationToken cancellation, TimeProvider? clock = null)
    {
        using (var late = new CancellationTokenSource(GreetingLimit, clock ?? TimeProvider.System))
        {
            using var either = CancellationTokenSource.CreateLinkedTokenSource(late.Token, cancellation);
            try
            {
                if (!await PassPreambleAsync(from, to, calls, either.Token))
                {
                    return;
                }
            }
            catch (OperationCanceledException) when (late.IsCancellationRequested)
            {
                throw new GatewayException($"no greeting within {GreetingLimit.TotalSeconds:0} s");
            }
        }

        await FilterAsync(from, to, new GatewayRules(calls), cancellation);
    }

    /// <summary>Passes all messages that may pass, until one side ends.</summary>
    private static async Task FilterAsync(PipeReader from, PipeWriter to, GatewayRules rules, CancellationToken cancellation)
    {
        while (await TakeAsync(from, GatewayRules.LengthBytes, cancellation) is { } lengths)
        {
            (int header, int body) = GatewayRules.Lengths(lengths);
            if (await TakeAsync(from, header, cancellation) is not { } bytes)
            {
                return;
            }

            bool passes = rules.Passes(bytes);
            if (passes)
            {
                if (!await CheckBodyAsync(from, body, rules, cancellation))
                {
                    return;
                }

                to.Write(lengths);
                to.Write(bytes);
            }

            if (!await PassAsync(from, passes ? to : null, body, cancellation))
            {
                return;
            }
        }
    }

    /// <summary>Passes the greeting; Orleans checks what it says, here it matters that it is one.</summary>
    private static async Task<bool> PassPreambleAsync(PipeReader from, PipeWriter to, GatewayCalls calls, CancellationToken cancellation)
    {
        if (await TakeAsync(from, sizeof(int), cancellation) is not { } length)
        {
            return false;
        }

        int count = BinaryPrimitives.ReadInt32LittleEndian(length);
        if (count is <= 0 or > MaxPreamble)
        {
            throw new GatewayException(length[0] == TlsHandshake
                ? "the greeting of TLS, which this silo does not have: all silos and clients of a cluster need Tls:Authority, Tls:Certificate and Tls:Key, or none"
                : "no greeting of an Orleans client");
        }

        if (await TakeAsync(from, count, cancellation) is not { } greeting)
        {
            return false;
        }

        calls.CheckGreeting(greeting);
        to.Write(length);
        to.Write(greeting);
        return !(await to.FlushAsync(cancellation)).IsCompleted;
    }

    /// <summary>Takes so many bytes; null where they do not come.</summary>
    private static async Task<byte[]?> TakeAsync(PipeReader from, int count, CancellationToken cancellation)
    {
        ReadResult read = await from.ReadAtLeastAsync(count, cancellation);
        if (read.Buffer.Length < count)
        {
            from.AdvanceTo(read.Buffer.End);
            return null;
        }

        ReadOnlySequence<byte> taken = read.Buffer.Slice(0, count);
        byte[] bytes = taken.ToArray();
        from.AdvanceTo(taken.End);
        return bytes;
    }

    /// <summary>Waits for a body and checks it; it stays where it is. False = it does not come.</summary>
    private static async Task<bool> CheckBodyAsync(PipeReader from, int count, GatewayRules rules, CancellationToken cancellation)
    {
        if (count == 0)
        {
            return true;
        }

        ReadResult read = await from.ReadAtLeastAsync(count, cancellation);
        bool all = read.Buffer.Length >= count;
        if (all)
        {
            rules.CheckBody(read.Buffer.Slice(0, count));
        }

        from.AdvanceTo(read.Buffer.Start);
        return all;
    }

    /// <summary>Passes so many bytes on as they come, or drops them where there is nobody to pass them to.</summary>
    private static async Task<bool> PassAsync(PipeReader from, PipeWriter? to, int count, CancellationToken cancellation)
    {
        while (count > 0)
        {
            ReadResult read = await from.ReadAsync(cancellation);
            ReadOnlySequence<byte> part = read.Buffer.Slice(0, Math.Min(Math.Min(count, MostAtOnce), read.Buffer.Length));
            if (to is not null)
            {
                foreach (ReadOnlyMemory<byte> memory in part)
                {
                    to.Write(memory.Span);
                }
            }

            count -= (int)part.Length;
            bool last = part.Length == read.Buffer.Length && (read.IsCompleted || read.IsCanceled);
            from.AdvanceTo(part.End);
            if (count > 0 && last)
            {
                return false;
            }

            if (to is not null && (await to.FlushAsync(cancellation)).IsCompleted)
            {
                return false;
            }
        }

        return to is null || !(await to.FlushAsync(cancellation)).IsCompleted;
    }
}
