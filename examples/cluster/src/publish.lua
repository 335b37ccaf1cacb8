-- Adds a message to the log of its room, once.
--
-- KEYS: the room's stream; the number of the author's last message in the room.
-- ARGV: the message's number; for how many seconds the author's number is kept, and the stream;
-- how many entries the stream keeps; then the fields of the entry.
--
-- Returns the author's last number before, and the entry's id, or nothing if there is no new entry.
local number = tonumber(ARGV[1])
local last = tonumber(redis.call('GET', KEYS[2]) or '0')
-- It is there already, or one before it is not.
if number ~= last + 1 then
    return {last, false}
end
local id = redis.call('XADD', KEYS[1], 'MAXLEN', '~', ARGV[4], '*', unpack(ARGV, 5))
redis.call('SET', KEYS[2], ARGV[1], 'EX', ARGV[2])
redis.call('EXPIRE', KEYS[1], ARGV[3])
return {last, id}
