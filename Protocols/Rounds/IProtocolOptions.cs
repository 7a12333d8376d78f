using OrleansDDM.Specs;

namespace OrleansDDM.Protocols.Rounds;

/// <summary>What a user may set of a protocol.</summary>
public interface IProtocolOptions
{
    /// <summary>Checks that every value is in its range.</summary>
    /// <exception cref="SpecException">Names the key, e.g. <c>protocol.steps</c>, and its range.</exception>
    void Validate();
}
