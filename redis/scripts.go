package redis

import "github.com/redis/rueidis"

// The scripts reckon in microseconds, which a double of Lua holds exactly until the year 2255, and
// by the clock of the houses, which all of them have; the server's clock only drops what is over.

// counting counts ARGV[2] more within the window of ARGV[3], and returns the sum, the end of the
// window and the mark of this server. Whoever finds no mark makes one: it is gone when all is.
var counting = rueidis.NewLuaScript(`
local now, n, window = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local kept = redis.call('HMGET', KEYS[1], 'sum', 'end')
local sum, stop = tonumber(kept[1] or 0), tonumber(kept[2] or 0)
if stop <= now then
	sum, stop = 0, now + window
end
sum = math.max(0, sum + n)
if n ~= 0 then
	redis.call('HSET', KEYS[1], 'sum', string.format('%.0f', sum), 'end', string.format('%.0f', stop))
	redis.call('PEXPIRE', KEYS[1], string.format('%.0f', math.ceil((stop - now) / 1000)))
end
local mark = redis.call('GET', KEYS[2])
if not mark then
	local time = redis.call('TIME')
	mark = time[1] .. '.' .. time[2]
	redis.call('SET', KEYS[2], mark)
end
return {sum, stop, mark}
`)

// taking takes one, worth ARGV[2], of what is full after ARGV[3], and returns whether there was
// one, and when it is full again: the same arithmetic as in memory. What nobody takes at once is a clock that went back.
var taking = rueidis.NewLuaScript(`
local now, each, per = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local full = math.max(now, tonumber(redis.call('GET', KEYS[1]) or 0))
if full > now + 2 * per then
	full = now
end
if full + each - now > per then
	return {0, full}
end
full = full + each
redis.call('SET', KEYS[1], string.format('%.0f', full), 'PX', string.format('%.0f', math.ceil((full - now) / 1000)))
return {1, full}
`)

// spending takes what is worth ARGV[2] whether it is there or not, and returns when all is there
// again.
var spending = rueidis.NewLuaScript(`
local now, worth, per = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local full = math.max(now, tonumber(redis.call('GET', KEYS[1]) or 0))
if full > now + 2 * per then
	full = now
end
full = math.min(full + worth, now + 2 * per)
redis.call('SET', KEYS[1], string.format('%.0f', full), 'PX', string.format('%.0f', math.max(1, math.ceil((full - now) / 1000))))
return full
`)
