using Orleans.Runtime;
using Orleans.Storage;

using OrleansDDM.Contracts.Runs;

namespace OrleansDDM.Grains.State;

/// <summary>
/// The state of one activation and its row in the database. A write is compare-and-swap on the row's ETag, is repeated while the
/// database is away, and is one at a time; a row that another activation has written makes this one lose it for good. Used in the grain's
/// turns only.
/// </summary>
internal sealed class StateRow<T>
    where T : class, IStoredState<T>
{
    private readonly IPersistentState<T> _row;
    private readonly Retry _retry;
    private readonly Action<Exception>? _waits;
    private readonly SemaphoreSlim _saving = new(1);
    private readonly CancellationTokenSource _left = new();
    private readonly string _writer = Guid.NewGuid().ToString("N");
    private long _wanted;
    private long _written;

    /// <summary>Takes over what was read at the activation.</summary>
    /// <param name="subject">Whose state it is, for errors.</param>
    /// <param name="row">The row.</param>
    /// <param name="retry">How writes are repeated.</param>
    /// <param name="waits">Told when a write begins to wait for the database.</param>
    /// <exception cref="StateVersionException">A newer release wrote it.</exception>
    public StateRow(string subject, IPersistentState<T> row, Retry retry, Action<Exception>? waits = null)
    {
        (_row, _retry, _waits) = (row, retry, waits);
        Value = row.State;
        Stored = Value.Copy();
        if (Value.Version > StateVersion.Current)
        {
            throw new StateVersionException(subject, Value.Version, StateVersion.Current);
        }
    }

    /// <summary>The state; change it and save.</summary>
    public T Value { get; set; }

    /// <summary>The state as it was stored last; not to be changed.</summary>
    public T Stored { get; private set; }

    /// <summary>What it waits for; null = nothing.</summary>
    public string? Waiting { get; private set; }

    /// <summary>Whether another activation has the row.</summary>
    public bool IsLost { get; private set; }

    /// <summary>Ends the waiting for the database, as the activation goes; a write is still tried once.</summary>
    public void Leave() => _left.Cancel();

    /// <summary>Stores the state as it is now, or something newer.</summary>
    /// <param name="patient">Whether to wait for a database that is away.</param>
    /// <exception cref="InconsistentStateException">A newer activation owns the row.</exception>
    /// <exception cref="OperationCanceledException">The activation goes.</exception>
    public async Task SaveAsync(bool patient = true)
    {
        long wanted = ++_wanted;
        await _saving.WaitAsync();
        try
        {
            if (_written < wanted)
            {
                await WriteAsync(patient);
            }
        }
        catch (InconsistentStateException)
        {
            IsLost = true;
            throw;
        }
        finally
        {
            Waiting = null;
            _saving.Release();
        }
    }

    /// <summary>Removes the row; the state is empty then.</summary>
    /// <exception cref="InconsistentStateException">A newer activation owns the row.</exception>
    public async Task ClearAsync()
    {
        await _saving.WaitAsync();
        try
        {
            _written = ++_wanted;
            bool doubtful = false;
            await _retry.RunAsync(
                async () =>
                {
                    try
                    {
                        if (_row.RecordExists)
                        {
                            await _row.ClearStateAsync();
                        }
                    }
                    catch (InconsistentStateException) when (doubtful)
                    {
                        // An earlier try may have come through although its answer was lost.
                        await _row.ReadStateAsync();
                        if (_row.RecordExists)
                        {
                            throw;
                        }
                    }
                    catch
                    {
                        doubtful = true;
                        throw;
                    }

                    return true;
                },
                Retry.OfStorage,
                null,
                _left.Token);
            Value = _row.State;
            Stored = Value.Copy();
        }
        catch (InconsistentStateException)
        {
            IsLost = true;
            throw;
        }
        finally
        {
            _saving.Release();
        }
    }

    private async Task WriteAsync(bool patient)
    {
        if (IsLost)
        {
            throw new InconsistentStateException("A newer activation has written the state.");
        }

        bool doubtful = false;
        await _retry.RunAsync(
            async () =>
            {
                long upto = _wanted;
                Value.Version = StateVersion.Current;
                Value.Writer = _writer;

                // The provider serializes off the grain's scheduler; what it gets must hold still.
                T copy = Value.Copy();
                _row.State = copy;
                try
                {
                    await _row.WriteStateAsync();
                }
                catch (InconsistentStateException)
                {
                    if (!doubtful || !await IsOursAsync())
                    {
                        throw;
                    }

                    // An earlier try came through although its answer was lost; the ETag is known now.
                    _row.State = copy;
                    await _row.WriteStateAsync();
                }
                catch
                {
                    doubtful = true;
                    throw;
                }

                (_written, Stored) = (upto, copy);
                return true;
            },
            e => patient && Retry.OfStorage(e),
            e =>
            {
                if (Waiting is null)
                {
                    _waits?.Invoke(e);
                }

                Waiting = "the database: " + Reason(e);
            },
            _left.Token);
    }

    private async Task<bool> IsOursAsync()
    {
        await _row.ReadStateAsync();
        return _row.State.Writer == _writer;
    }

    // Orleans wraps what the provider threw in a text of its own.
    private static string Reason(Exception e) => (e.InnerException ?? e).Message;
}
