using Orleans.Runtime;

using OrleansDDM.Silos.Security.Access;

namespace OrleansDDM.Silos.Security;

/// <summary>Puts a client's token on each of its calls.</summary>
internal sealed class TokenFilter(string token) : IOutgoingGrainCallFilter
{
    public async Task Invoke(IOutgoingGrainCallContext context)
    {
        RequestContext.Set(AccessFilter.TokenKey, token);
        try
        {
            await context.Invoke();
        }
        finally
        {
            RequestContext.Remove(AccessFilter.TokenKey);
        }
    }
}
