using OrleansDDM.Contracts.Security;

namespace OrleansDDM.Silos.Security.Access;

/// <summary>What one caller may ask of one silo: calls a second (a token bucket), calls at a time, transfers at a time.</summary>
/// <param name="options">The limits.</param>
/// <param name="clock">Fills the buckets.</param>
public sealed class CallerLimits(CallerLimitOptions options, TimeProvider clock)
{
    private const int MaxCallers = 1024;

    private readonly Lock _lock = new();
    private readonly Dictionary<string, Account> _accounts = new(StringComparer.Ordinal);

    /// <summary>Takes a place for one call; dispose it when the call is over.</summary>
    /// <param name="caller">Who calls.</param>
    /// <param name="transfer">Whether the call moves an artifact's bytes.</param>
    /// <exception cref="TooManyRequestsException">The caller is at a limit.</exception>
    public IDisposable Enter(string caller, bool transfer)
    {
        lock (_lock)
        {
            Account account = AccountOf(caller);
            long now = clock.GetTimestamp();
            double burst = 2 * options.CallsPerSecond;
            account.Tokens = Math.Min(burst, account.Tokens + (clock.GetElapsedTime(account.Seen, now).TotalSeconds * options.CallsPerSecond));
            account.Seen = now;
            if (account.Calls >= options.CallsInFlight)
            {
                throw new TooManyRequestsException($"'{caller}' has {account.Calls} calls under way on this silo, which is the most (Limits:CallsInFlight). Wait for some of them.");
            }

            if (transfer && account.Transfers >= options.TransfersInFlight)
            {
                throw new TooManyRequestsException($"'{caller}' has {account.Transfers} transfers under way on this silo, which is the most (Limits:TransfersInFlight). Wait for some of them.");
            }

            if (account.Tokens < 1)
            {
                throw new TooManyRequestsException($"'{caller}' has made more than {options.CallsPerSecond} calls a second on this silo (Limits:CallsPerSecond). Wait a second.");
            }

            account.Tokens--;
            account.Calls++;
            account.Transfers += transfer ? 1 : 0;
            return new Place(this, account, transfer);
        }
    }

    private Account AccountOf(string caller)
    {
        if (_accounts.TryGetValue(caller, out Account? account))
        {
            return account;
        }

        // Names come from tokens that we signed, so there are few; idle ones are forgotten all the same.
        if (_accounts.Count >= MaxCallers)
        {
            foreach (string idle in _accounts.Where(a => a.Value.Calls == 0).Select(a => a.Key).ToArray())
            {
                _accounts.Remove(idle);
            }
        }

        return _accounts[caller] = new Account { Tokens = 2 * options.CallsPerSecond, Seen = clock.GetTimestamp() };
    }

    private sealed class Account
    {
        public double Tokens { get; set; }

        public long Seen { get; set; }

        public int Calls { get; set; }

        public int Transfers { get; set; }
    }

    private sealed class Place(CallerLimits limits, Account account, bool transfer) : IDisposable
    {
        private bool _left;

        public void Dispose()
        {
            lock (limits._lock)
            {
                if (!_left)
                {
                    _left = true;
                    account.Calls--;
                    account.Transfers -= transfer ? 1 : 0;
                }
            }
        }
    }
}
